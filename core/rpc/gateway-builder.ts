import { inspect } from 'node:util';
import { RpcError } from '../errors/rpc-error.js';
import { codedAsk, codedTell } from './coded-calls.js';
import type { CurrentToken } from './fencing.js';
import type { MethodDescriptor } from './gateway.js';
import { BoundMethod, type GatewayClient, type GatewayTarget } from './gateway-client.js';

/** What the engine knows about a gateway object. */
export interface GatewayFacts {
  readonly target: GatewayTarget;
  readonly client: GatewayClient;
}

/** Both ways of a gateway. */
interface GatewayWays extends GatewayFacts {
  /** Undefined: control methods go the same way, as in most gateways. */
  readonly control: GatewayFacts | undefined;
}

/** A gateway prints as what it is, and is not a thenable. */
class Gateway {
  readonly #facts: GatewayWays;

  constructor(facts: GatewayWays) {
    this.#facts = facts;
  }

  static factsOf(gateway: unknown): GatewayWays {
    if (typeof gateway === 'object' && gateway !== null && #facts in gateway) return gateway.#facts;
    const text = 'this is not a gateway made by connect or getSelfGateway';
    throw new RpcError('INVALID_ARGUMENT', text);
  }

  toJSON(): string {
    return addressOf(this);
  }

  [inspect.custom](): string {
    return `Gateway<${Gateway.factsOf(this).target.contract.name}> ${addressOf(this)}`;
  }
}

/**
 * Makes the object that users call: one real function a method, built once a connection, no proxy
 * that catches all, so that `await`, `console.log`, `JSON.stringify` and spread never call anything
 * remote. Calls of control methods go the way of `control`.
 */
export function buildGateway(
  target: GatewayTarget,
  client: GatewayClient,
  control?: GatewayFacts,
): object {
  const known = { target, client, control };
  const gateway = new Gateway(known) as Gateway & Record<string, unknown>;
  for (const descriptor of target.contract.methods) {
    const way = wayOf(descriptor, known);
    const method = new BoundMethod(way.target, descriptor, way.client);
    const call = callFunction(way.client, method, descriptor);
    gateway[descriptor.name] = target.follows ? following(call, method, target.follows) : call;
  }
  return gateway;
}

/** Another object for the same gateway, with functions of its own in the place of the asks. */
export function viewOfGateway(
  gateway: object,
  askOf: (way: GatewayFacts, descriptor: MethodDescriptor) => GatewayFunction,
): object {
  const known = Gateway.factsOf(gateway);
  const view = new Gateway(known) as Gateway & Record<string, unknown>;
  for (const descriptor of known.target.contract.methods) {
    const own = (gateway as Record<string, unknown>)[descriptor.name];
    const way = wayOf(descriptor, known);
    view[descriptor.name] = descriptor.kind === 'ask' ? askOf(way, descriptor) : own;
  }
  return view;
}

function wayOf({ isControl }: MethodDescriptor, known: GatewayWays): GatewayFacts {
  return isControl ? (known.control ?? known) : known;
}

type GatewayFunction = (...args: unknown[]) => unknown;

/** The self gateway of a fenced endpoint: looks which token it is to carry. */
function following(
  call: GatewayFunction,
  method: BoundMethod,
  current: CurrentToken,
): GatewayFunction {
  return (...args) => {
    method.follow(current);
    return call(...args);
  };
}

function callFunction(
  client: GatewayClient,
  method: BoundMethod,
  { kind, coding }: MethodDescriptor,
): GatewayFunction {
  if (coding !== undefined) {
    return kind === 'ask' ? codedAsk(client, method, coding) : codedTell(client, method, coding);
  }
  return kind === 'ask' ? askFunction(client, method) : tellFunction(client, method);
}

/** `arguments` instead of a rest parameter: the usual call allocates no list. */
function askFunction(client: GatewayClient, method: BoundMethod): GatewayFunction {
  return function (first: unknown): Promise<unknown> {
    if (arguments.length === 1) return client.askOne(method, first);
    return client.ask(method, Array.from(arguments));
  };
}

function tellFunction(client: GatewayClient, method: BoundMethod): GatewayFunction {
  return function (first: unknown): void {
    if (arguments.length === 1) client.tellOne(method, first);
    else client.tell(method, Array.from(arguments));
  };
}

/** Address of the endpoint behind a gateway (Flink RpcGateway.getAddress). */
export function addressOf(gateway: object): string {
  return Gateway.factsOf(gateway).target.address;
}

/** Host of the endpoint behind a gateway, `localhost` inside this process (Flink getHostname). */
export function hostnameOf(gateway: object): string {
  return Gateway.factsOf(gateway).target.hostname;
}

/**
 * Resolves when the way to the endpoint has room again: at once as long as less than half of the
 * lane is in use. On a worker thread the way to another process goes on at the home thread, which
 * is asked. A producer of tells awaits it now and then; that is all the pacing it needs.
 */
export function ready(gateway: object): Promise<void> {
  return Gateway.factsOf(gateway).client.ready();
}

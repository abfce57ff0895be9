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

/** Both ways of a gateway: most have one and the same. */
interface GatewayWays extends GatewayFacts {
  readonly control: GatewayFacts;
}

const facts = new WeakMap<object, GatewayWays>();

/** A gateway prints as what it is, and is not a thenable. */
class Gateway {
  toJSON(): string {
    return addressOf(this);
  }

  [inspect.custom](): string {
    return `Gateway<${factsOf(this).target.contract.name}> ${addressOf(this)}`;
  }
}

/**
 * Makes the object that users call: one real function a method, built once a connection, no catch-
 * all proxy,
 * so that `await`, `console.log`, `JSON.stringify` and spread never call anything remote. Calls of
 * control methods go the way of `control`.
 */
export function buildGateway(
  target: GatewayTarget,
  client: GatewayClient,
  control: GatewayFacts = { target, client },
): object {
  const gateway = new Gateway() as Gateway & Record<string, unknown>;
  for (const descriptor of target.contract.methods) {
    const way = descriptor.isControl ? control : { target, client };
    const method = new BoundMethod(way.target, descriptor, way.client);
    const call = callFunction(way.client, method, descriptor);
    gateway[descriptor.name] = target.follows ? following(call, method, target.follows) : call;
  }
  facts.set(gateway, { target, client, control });
  return gateway;
}

/** Another object for the same gateway, with functions of its own in the place of the asks. */
export function viewOfGateway(
  gateway: object,
  askOf: (way: GatewayFacts, descriptor: MethodDescriptor) => GatewayFunction,
): object {
  const known = factsOf(gateway);
  const view = new Gateway() as Gateway & Record<string, unknown>;
  for (const descriptor of known.target.contract.methods) {
    const own = (gateway as Record<string, unknown>)[descriptor.name];
    const way = descriptor.isControl ? known.control : known;
    view[descriptor.name] = descriptor.kind === 'ask' ? askOf(way, descriptor) : own;
  }
  facts.set(view, known);
  return view;
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

function factsOf(gateway: object): GatewayWays {
  const found = facts.get(gateway);
  if (found) return found;
  throw new RpcError('INVALID_ARGUMENT', 'this is not a gateway made by connect or getSelfGateway');
}

/** Address of the endpoint behind a gateway (Flink RpcGateway.getAddress). */
export function addressOf(gateway: object): string {
  return factsOf(gateway).target.address;
}

/** Host of the endpoint behind a gateway, `localhost` inside this process (Flink getHostname). */
export function hostnameOf(gateway: object): string {
  return factsOf(gateway).target.hostname;
}

/**
 * Resolves when the way to the endpoint has room again: at once as long as less than half of the
 * lane is in use. A producer of tells awaits it now and then; that is all the pacing it needs.
 */
export function ready(gateway: object): Promise<void> {
  return factsOf(gateway).client.ready();
}

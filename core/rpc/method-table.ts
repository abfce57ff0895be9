import { RpcError } from '../errors/rpc-error.js';
import { LIMITS } from '../config/limits.js';
import { codedHandler } from './coded-calls.js';
import type { RpcEndpoint } from './endpoint.js';
import type { AnyGateway, Handler, MethodDescriptor } from './gateway.js';
import type { EndpointClass } from './rpc-service.js';

/**
 * What a class serves: the contracts of its whole class chain and their methods by index. Names
 * from the wire are looked up in this map only, so nothing else of a class can be called.
 */
export class EndpointMethods {
  readonly contracts: ReadonlyMap<string, AnyGateway>;
  readonly descriptors: readonly MethodDescriptor[];
  /** Some method reads its bytes where they lie: see `MethodCodec.lends`. */
  readonly lends: boolean;
  readonly #indexes: ReadonlyMap<string, number>;
  /** Of the instance before, as written and as called: most have the methods of their class. */
  #methods: readonly Handler[] = [];
  #handlers: readonly Handler[] = [];

  constructor(endpointClass: EndpointClass) {
    const contracts = new Map<string, AnyGateway>();
    const descriptors: MethodDescriptor[] = [];
    const indexes = new Map<string, number>();
    for (const contract of gatewaysAlongTheChain(endpointClass)) {
      contracts.set(contract.name, contract);
      for (const method of contract.methods) addMethod(method, descriptors, indexes);
    }
    if (descriptors.length > LIMITS.methodsPerEndpoint) {
      const text = `${endpointClass.name} serves ${descriptors.length} methods`;
      throw new RpcError('INVALID_ARGUMENT', `${text}, the limit is ${LIMITS.methodsPerEndpoint}`);
    }
    this.contracts = contracts;
    this.descriptors = descriptors;
    this.lends = descriptors.some(({ coding }) => coding?.lends === true);
    this.#indexes = indexes;
  }

  indexOf(name: string): number | undefined {
    return this.#indexes.get(name);
  }

  /** The handlers of one instance by method index; a missing one fails the construction. */
  handlersOf(endpoint: RpcEndpoint): readonly Handler[] {
    const methods = this.#collect(endpoint);
    const known = this.#methods;
    const isSame = known.length === methods.length && known.every((each, i) => each === methods[i]);
    if (!isSame) {
      this.#methods = methods;
      this.#handlers = methods.map((each, i) => codedHandler(each, this.descriptors[i]!));
    }
    return this.#handlers;
  }

  #collect(endpoint: RpcEndpoint): Handler[] {
    return this.descriptors.map(({ name }) => {
      const method: unknown = (endpoint as unknown as Record<string, unknown>)[name];
      if (typeof method === 'function') return method as Handler;
      const text = `${endpoint.constructor.name} lists a contract with ${name}(), which it lacks`;
      throw new RpcError('INVALID_ARGUMENT', text, { method: name });
    });
  }
}

const tables = new WeakMap<object, EndpointMethods>();

/** The methods of a class, worked out once a thread. */
export function methodsOf(endpointClass: EndpointClass): EndpointMethods {
  let table = tables.get(endpointClass);
  if (!table) {
    table = new EndpointMethods(endpointClass);
    tables.set(endpointClass, table);
  }
  return table;
}

function gatewaysAlongTheChain(endpointClass: EndpointClass): AnyGateway[] {
  const found: AnyGateway[] = [];
  let level: unknown = endpointClass;
  while (typeof level === 'function') {
    if (Object.hasOwn(level, 'gateways')) {
      found.unshift(...(level as unknown as EndpointClass).gateways);
    }
    level = Object.getPrototypeOf(level);
  }
  return [...new Set(found)];
}

function addMethod(
  method: MethodDescriptor,
  descriptors: MethodDescriptor[],
  indexes: Map<string, number>,
): void {
  const known = indexes.get(method.name);
  if (known === undefined) {
    indexes.set(method.name, descriptors.length);
    descriptors.push(method);
  } else if (descriptors[known]!.kind !== method.kind) {
    const text = `${method.name} is an ask in one contract and a tell in another`;
    throw new RpcError('INVALID_ARGUMENT', text, { method: method.name });
  } else if (descriptors[known]!.codec !== method.codec) {
    const text = `${method.name} has one codec in one contract and another in another`;
    throw new RpcError('INVALID_ARGUMENT', text, { method: method.name });
  }
}

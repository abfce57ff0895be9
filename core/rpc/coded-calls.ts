import { isThenable } from '../base/deferred.js';
import type { MethodCodec } from '../codec/method-codec.js';
import { RpcError } from '../errors/rpc-error.js';
import { currentCall } from './current-call.js';
import type { AnyGateway, Handler, MethodDescriptor } from './gateway.js';
import { type BoundMethod, type GatewayClient, takeOptions } from './gateway-client.js';

type GatewayFunction = (...args: unknown[]) => unknown;

/** The one argument that travels in place of all; throws as an ask rejects. */
export function encodeCall(
  method: BoundMethod,
  coding: MethodCodec,
  args: readonly unknown[],
  client: GatewayClient,
): Uint8Array {
  try {
    const bytes = coding.encodeArguments(args);
    // Within the thread nothing is copied on the way, and a Builder may be used again at once.
    return client.isByReference ? bytes.slice() : bytes;
  } catch (error) {
    throw method.adopt(error);
  }
}

/** The result, of what came in its place. */
export function decodeAnswer(coding: MethodCodec, answer: unknown): unknown {
  return coding.decodeResult ? coding.decodeResult(answer as Uint8Array) : answer;
}

/** An ask whose method has a codec of its own. */
export function codedAsk(
  client: GatewayClient,
  method: BoundMethod,
  coding: MethodCodec,
): GatewayFunction {
  return async (...args) => {
    const options = takeOptions(args);
    const bytes = encodeCall(method, coding, args, client);
    const answer = await client.ask(method, options ? [bytes, options] : [bytes]);
    return decodeAnswer(coding, answer);
  };
}

/** A tell whose method has a codec of its own. */
export function codedTell(
  client: GatewayClient,
  method: BoundMethod,
  coding: MethodCodec,
): GatewayFunction {
  return (...args) => client.tell(method, [encodeCall(method, coding, args, client)]);
}

/** The endpoint's side: takes the bytes, calls the user's method, gives its result as bytes. */
export function codedHandler(handler: Handler, descriptor: MethodDescriptor): Handler {
  const { coding, name, kind } = descriptor;
  if (coding === undefined) return handler;
  const { encodeResult } = coding;
  return function (this: unknown, bytes: unknown): unknown {
    if (!(bytes instanceof Uint8Array) || (!coding.takesForeign && currentCall().sender.isRemote)) {
      throw new RpcError('NOT_SERIALIZABLE', `${name}: ${foreignText(coding)}`);
    }
    const result = handler.apply(this, coding.decodeArguments(bytes));
    if (kind === 'tell' || encodeResult === undefined) return result;
    return isThenable(result) ? Promise.resolve(result).then(encodeResult) : encodeResult(result);
  };
}

/** Throws `HANDSHAKE_REJECTED` for a contract that only threads of one process may use. */
export function checkTravelsAbroad(contract: AnyGateway, address: string): void {
  const own = contract.methods.find(({ coding }) => coding?.takesForeign === false);
  if (own?.coding === undefined) return;
  const text = `${contract.name}.${own.name} at ${address}: ${foreignText(own.coding)}`;
  throw new RpcError('HANDSHAKE_REJECTED', text, { effect: 'none', address, method: own.name });
}

function foreignText(coding: MethodCodec): string {
  return `calls by the ${coding.name} codec are for threads of one process`;
}

import { type CellAddress, threadOf } from '../actor/cell.js';
import {
  decodeActorIdentity,
  decodeHandshakeAccepted,
  decodeHandshakeRequest,
  encodeHandshakeAccepted,
  encodeHandshakeRequest,
  encodeIdentify,
  type HandshakeRequest,
} from '../codec/control-codec.js';
import { isRpcError, RpcError } from '../errors/rpc-error.js';
import type { AnyGateway } from './gateway.js';
import type { EndpointMethods } from './method-table.js';
import type { ReceptionGateway } from './system-contracts.js';

/** Version of the calls themselves; frames have one of their own. */
export const RPC_PROTOCOL_VERSION = 1;

/** How often an endpoint is looked for that is gone again before the handshake. */
const ATTEMPTS = 3;

/** An endpoint that was found at a path and takes the contract of the caller. */
export interface FoundEndpoint extends CellAddress {
  readonly path: string;
  readonly methods: readonly number[];
}

/**
 * Finds who lives at a path and shakes hands. When the endpoint or its thread ends in between, it
 * looks again: by then another life may be there, or nobody, which is `CONNECTION_FAILED`.
 */
export async function findEndpoint(
  address: string,
  path: string,
  request: Uint8Array,
  receptionOf: (thread: number) => ReceptionGateway,
): Promise<FoundEndpoint> {
  for (let left = ATTEMPTS; ; left--) {
    const identify = encodeIdentify({ path });
    const identity = decodeActorIdentity(await receptionOf(0).identify(identify));
    const recipient = identity.recipient | 0;
    const incarnation = identity.incarnation | 0;
    if (recipient === 0) {
      throw new RpcError('CONNECTION_FAILED', `nobody lives at ${address}`, { address });
    }
    try {
      const reception = receptionOf(threadOf(recipient));
      const accepted = await reception.handshake(recipient, incarnation, request);
      const { methods } = decodeHandshakeAccepted(accepted);
      return { recipient, incarnation, path: identity.path, methods };
    } catch (error) {
      if (!isGone(error)) throw error;
      if (left > 1) continue;
      const text = `who lived at ${address} was gone before the handshake`;
      throw new RpcError('CONNECTION_FAILED', text, { address, cause: error });
    }
  }
}

function isGone(error: unknown): boolean {
  if (!isRpcError(error)) return false;
  return error.code === 'THREAD_TERMINATED' || error.code === 'RECIPIENT_UNREACHABLE';
}

/** What a caller with this contract asks of an endpoint. */
export function handshakeRequest(contract: AnyGateway): Uint8Array {
  return encodeHandshakeRequest({
    protocolVersion: RPC_PROTOCOL_VERSION,
    contract: contract.name,
    contractHash: contract.hash,
    methods: contract.methods.map(({ name, kind, codec }) => ({
      name,
      kind: kind === 'ask' ? 1 : 0,
      codec,
    })),
  });
}

/**
 * The endpoint's side: the caller's contract must be one it serves, and each of the caller's
 * methods among the endpoint's by name, kind and codec. Throws `HANDSHAKE_REJECTED` naming both.
 */
export function acceptHandshake(
  methods: EndpointMethods,
  endpointId: string,
  request: Uint8Array,
): Uint8Array {
  const wanted = decodeHandshakeRequest(request);
  const problem = incompatibility(methods, wanted);
  if (problem) {
    const served = [...methods.contracts.keys()].join(', ') || 'no contract';
    const text = `${endpointId} serves ${served}; the caller wants ${wanted.contract}: ${problem}`;
    throw new RpcError('HANDSHAKE_REJECTED', text, { effect: 'none', endpoint: endpointId });
  }
  const indexes = wanted.methods.map(({ name }) => methods.indexOf(name)!);
  return encodeHandshakeAccepted({ methods: indexes });
}

function incompatibility(methods: EndpointMethods, wanted: HandshakeRequest): string | undefined {
  if (wanted.protocolVersion !== RPC_PROTOCOL_VERSION) {
    return `protocol version ${wanted.protocolVersion}, this side speaks ${RPC_PROTOCOL_VERSION}`;
  }
  const contract = methods.contracts.get(wanted.contract);
  if (!contract) return 'it does not serve that contract';
  for (const { name, kind, codec } of wanted.methods) {
    const index = methods.indexOf(name);
    if (index === undefined) return `it has no method ${name}`;
    const own = methods.descriptors[index]!;
    const wantedKind = kind === 1 ? 'ask' : 'tell';
    if (own.kind !== wantedKind) return `${name} is ${own.kind} there and ${wantedKind} here`;
    if (own.codec !== codec) return `${name} is encoded as ${own.codec} there and ${codec} here`;
  }
  return undefined;
}

import { RPC_PATH_PREFIX } from '../base/address.js';
import { threadOf, type CellAddress } from '../actor/cell.js';
import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';

/** Who lives at an endpoint id. */
interface Entry extends CellAddress {
  readonly path: string;
}

const ENDPOINT_ID = /^[^/\s*?#]+$/;

/** The home thread's book of all endpoints of the service: id -> thread, slot, incarnation. */
export class Directory {
  readonly #entries = new Map<string, Entry>();
  readonly #reserved = new Set<string>();

  /** Takes an id before its endpoint is made; throws `DUPLICATE_ENDPOINT`. */
  reserve(endpointId: string): void {
    if (!ENDPOINT_ID.test(endpointId) || endpointId.length > LIMITS.nameLength) {
      const rule = `1 to ${LIMITS.nameLength} characters without spaces and / * ? #`;
      throw new RpcError('INVALID_ARGUMENT', `an endpoint id has ${rule}, not "${endpointId}"`);
    }
    if (this.#entries.has(endpointId) || this.#reserved.has(endpointId)) {
      throw new RpcError('DUPLICATE_ENDPOINT', `an endpoint ${endpointId} lives already`, {
        endpoint: endpointId,
      });
    }
    this.#reserved.add(endpointId);
  }

  /** Gives a reserved id back: making the endpoint failed. */
  cancel(endpointId: string): void {
    this.#reserved.delete(endpointId);
  }

  bind(endpointId: string, at: CellAddress): void {
    this.#reserved.delete(endpointId);
    const path = RPC_PATH_PREFIX + endpointId;
    this.#entries.set(endpointId, {
      path,
      recipient: at.recipient,
      incarnation: at.incarnation,
    });
  }

  /** Frees an id, unless another incarnation has it by now. */
  release(endpointId: string, at: CellAddress): void {
    const entry = this.#entries.get(endpointId);
    if (entry?.recipient === at.recipient && entry.incarnation === at.incarnation) {
      this.#entries.delete(endpointId);
    }
  }

  /** Frees every id of a thread that ended. */
  releaseThread(thread: number): void {
    for (const [endpointId, entry] of this.#entries) {
      if (threadOf(entry.recipient) === thread) this.#entries.delete(endpointId);
    }
  }

  /** Who lives at a path; a last part `prefix_*` finds any endpoint of that prefix. */
  resolve(path: string): Entry | undefined {
    if (!path.startsWith(RPC_PATH_PREFIX)) return undefined;
    const endpointId = path.slice(RPC_PATH_PREFIX.length);
    if (!endpointId.endsWith('_*')) return this.#entries.get(endpointId);
    const prefix = endpointId.slice(0, -1);
    for (const [id, entry] of this.#entries) if (id.startsWith(prefix)) return entry;
    return undefined;
  }
}

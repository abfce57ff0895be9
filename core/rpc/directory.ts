import { RPC_PATH_PREFIX } from '../base/address.js';
import { type Deferred, deferred } from '../base/deferred.js';
import type { CellAddress } from '../actor/cell.js';
import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';

/** Who lives at an endpoint id. */
export interface Entry extends CellAddress {
  readonly path: string;
}

const ENDPOINT_ID = /^[^/\s*?#]+$/;

/** The home thread's book of all endpoints of the service: id -> thread, slot, incarnation. */
export class Directory {
  readonly #entries = new Map<string, CellAddress>();
  readonly #reserved = new Set<string>();
  /** Ids whose endpoint is made again because its thread died, until it lives. */
  readonly #restoring = new Map<string, Deferred<void>>();

  /** Takes an id before its endpoint is made; throws `DUPLICATE_ENDPOINT`. */
  reserve(endpointId: string): void {
    if (!ENDPOINT_ID.test(endpointId) || endpointId.length > LIMITS.nameLength) {
      const rule = `1 to ${LIMITS.nameLength} characters without spaces and / * ? #`;
      throw new RpcError('INVALID_ARGUMENT', `an endpoint id has ${rule}, not "${endpointId}"`);
    }
    const isTaken =
      this.#entries.has(endpointId) ||
      this.#reserved.has(endpointId) ||
      this.#restoring.has(endpointId);
    if (isTaken) {
      throw new RpcError('DUPLICATE_ENDPOINT', `an endpoint ${endpointId} lives already`, {
        endpoint: endpointId,
      });
    }
    this.#reserved.add(endpointId);
  }

  /** Gives a reserved id back: making the endpoint failed. */
  cancel(endpointId: string): void {
    this.#reserved.delete(endpointId);
    this.#endRestoring(endpointId);
  }

  /** The endpoint will be made again: its id stays taken, and whoever looks for it waits. */
  suspend(endpointId: string): void {
    this.#entries.delete(endpointId);
    if (!this.#restoring.has(endpointId)) this.#restoring.set(endpointId, deferred());
  }

  bind(endpointId: string, at: CellAddress): void {
    this.#reserved.delete(endpointId);
    this.#entries.set(endpointId, at);
    this.#endRestoring(endpointId);
  }

  /** Frees an id, unless another incarnation has it by now. */
  release(endpointId: string, at: CellAddress): void {
    const entry = this.#entries.get(endpointId);
    if (entry?.recipient === at.recipient && entry.incarnation === at.incarnation) {
      this.#entries.delete(endpointId);
    }
  }

  /** Who lives at a path; a last part `prefix_*` finds any endpoint of that prefix. */
  resolve(path: string): Entry | undefined {
    if (!path.startsWith(RPC_PATH_PREFIX)) return undefined;
    const found = find(this.#entries, path.slice(RPC_PATH_PREFIX.length));
    if (!found) return undefined;
    const [endpointId, { recipient, incarnation }] = found;
    return { path: RPC_PATH_PREFIX + endpointId, recipient, incarnation };
  }

  /** As {@link resolve}, and waits for an endpoint that is being made again. */
  async resolveSoon(path: string): Promise<Entry | undefined> {
    for (;;) {
      const found = this.resolve(path);
      const restoring = find(this.#restoring, path.slice(RPC_PATH_PREFIX.length));
      if (found || !restoring) return found;
      await restoring[1].promise;
    }
  }

  #endRestoring(endpointId: string): void {
    this.#restoring.get(endpointId)?.resolve();
    this.#restoring.delete(endpointId);
  }
}

/** An id and its value; an id that ends in `_*` finds any of that prefix. */
function find<T>(map: ReadonlyMap<string, T>, endpointId: string): [string, T] | undefined {
  if (!endpointId.endsWith('_*')) {
    const value = map.get(endpointId);
    return value === undefined ? undefined : [endpointId, value];
  }
  const prefix = endpointId.slice(0, -1);
  for (const entry of map) if (entry[0].startsWith(prefix)) return entry;
  return undefined;
}

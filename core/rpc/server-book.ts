import type { CellAddress } from '../actor/cell.js';
import { type Deferred, deferred, ignoreRejection } from '../base/deferred.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CreatedEndpoint, EndpointSpec } from './system-contracts.js';

/** One server over all lives of its endpoint: a restart makes it again, the server stays. */
export class ServerRecord {
  readonly spec: EndpointSpec;
  readonly thread: number;
  /** The first life: it identifies the server, because an id is used again. */
  readonly first: CellAddress;
  /** The present life, or the last one while its thread is started again. */
  created: CreatedEndpoint;
  /** In which order servers came to run; 0: it does not. A restart starts it again if it did. */
  runningSince = 0;
  #next: Deferred<CreatedEndpoint | null> = deferred();

  constructor(spec: EndpointSpec, thread: number, created: CreatedEndpoint) {
    this.spec = spec;
    this.thread = thread;
    this.first = created;
    this.created = created;
    ignoreRejection(this.#next.promise);
  }

  /** The life after `known`; null when there is none, a rejection when the last one failed. */
  lifeAfter(known: CellAddress): Promise<CreatedEndpoint | null> {
    return isSame(known, this.created) ? this.#next.promise : Promise.resolve(this.created);
  }

  begin(created: CreatedEndpoint): void {
    const waiting = this.#next;
    this.#next = deferred();
    ignoreRejection(this.#next.promise);
    this.created = created;
    waiting.resolve(created);
  }

  end(): void {
    this.#next.resolve(null);
  }

  fail(error: unknown): void {
    this.#next.reject(error);
  }
}

function isSame(a: CellAddress, b: CellAddress): boolean {
  return a.recipient === b.recipient && a.incarnation === b.incarnation;
}

/** The home thread's book of all servers of the service that have not ended. */
export class ServerBook {
  readonly #records = new Map<string, ServerRecord>();
  #starts = 0;

  open(spec: EndpointSpec, thread: number, created: CreatedEndpoint): ServerRecord {
    const record = new ServerRecord(spec, thread, created);
    this.#records.set(spec.endpointId, record);
    return record;
  }

  /** The server whose endpoint began as `first`; fails with `RECIPIENT_UNREACHABLE`. */
  find(endpointId: string, first: CellAddress): ServerRecord {
    const record = this.#records.get(endpointId);
    if (record && isSame(record.first, first)) return record;
    const text = `the endpoint ${endpointId} is gone`;
    throw new RpcError('RECIPIENT_UNREACHABLE', text, { effect: 'none' });
  }

  /** Who lives at a recipient number. */
  at(recipient: number): ServerRecord | undefined {
    for (const record of this.#records.values()) {
      if (record.created.recipient === recipient) return record;
    }
    return undefined;
  }

  /** Notes whether the endpoint that now lives at `at` has been started. */
  setRunning(endpointId: string, at: CellAddress, isRunning: boolean): void {
    const record = this.#records.get(endpointId);
    if (record && isSame(record.created, at)) {
      record.runningSince = isRunning ? record.runningSince || ++this.#starts : 0;
    }
  }

  /** The servers of a thread, in the order in which they were made. */
  onThread(thread: number): ServerRecord[] {
    return [...this.#records.values()].filter((record) => record.thread === thread);
  }

  /** Ends a server: with `error`, or well. Ending twice is one end. */
  close(record: ServerRecord, error?: unknown): void {
    if (this.#records.get(record.spec.endpointId) === record) {
      this.#records.delete(record.spec.endpointId);
    }
    if (error === undefined) record.end();
    else record.fail(error);
  }

  closeAll(error: unknown): void {
    for (const record of [...this.#records.values()]) this.close(record, error);
  }
}

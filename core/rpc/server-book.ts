import { type CellAddress, threadOf } from '../actor/cell.js';
import { type Deferred, deferred, ignoreRejection } from '../base/deferred.js';
import { RpcError } from '../errors/rpc-error.js';
import type { AgentGateway, CreatedEndpoint, EndpointSpec } from './system-contracts.js';

/** What the handle of a server needs to know of the lives of its endpoint. */
export interface ServerLives {
  /** The present life, or the last one while its thread is started again. */
  readonly created: CreatedEndpoint;
  /** That of the thread's life in which it lives: between two lives nothing reaches the next. */
  readonly agent: AgentGateway;
  /** False: `created` changes only while somebody waits for the next life. */
  readonly isUpToDate: boolean;
  /** The life after `known`; null when there is none, a rejection when the last one failed. */
  lifeAfter(known: CellAddress): Promise<CreatedEndpoint | null>;
}

/** One server over all lives of its endpoint: a restart makes it again, the server stays. */
export class ServerRecord implements ServerLives {
  readonly spec: EndpointSpec;
  /** The first life: it identifies the server, because an id is used again. */
  readonly first: CellAddress;
  created: CreatedEndpoint;
  agent: AgentGateway;
  /** In which order servers came to run; 0: it does not. A restart starts it again if it did. */
  runningSince = 0;
  /** Made for the first one who waits, or when it ends. */
  #next: Deferred<CreatedEndpoint | null> | undefined;

  constructor(spec: EndpointSpec, created: CreatedEndpoint, agent: AgentGateway) {
    this.spec = spec;
    this.first = created;
    this.created = created;
    this.agent = agent;
  }

  lifeAfter(known: CellAddress): Promise<CreatedEndpoint | null> {
    return isSame(known, this.created) ? this.#waiting.promise : Promise.resolve(this.created);
  }

  get isUpToDate(): boolean {
    return true;
  }

  get thread(): number {
    return threadOf(this.created.recipient);
  }

  begin(created: CreatedEndpoint, agent: AgentGateway): void {
    const waiting = this.#next;
    this.#next = undefined;
    this.created = created;
    this.agent = agent;
    waiting?.resolve(created);
  }

  end(): void {
    this.#waiting.resolve(null);
  }

  fail(error: unknown): void {
    this.#waiting.reject(error);
  }

  get #waiting(): Deferred<CreatedEndpoint | null> {
    if (this.#next) return this.#next;
    this.#next = deferred();
    ignoreRejection(this.#next.promise);
    return this.#next;
  }
}

function isSame(a: CellAddress, b: CellAddress): boolean {
  return a.recipient === b.recipient && a.incarnation === b.incarnation;
}

/** The home thread's book of all servers of the service that have not ended. */
export class ServerBook {
  readonly #records = new Map<string, ServerRecord>();
  #starts = 0;

  open(spec: EndpointSpec, created: CreatedEndpoint, agent: AgentGateway): ServerRecord {
    const record = new ServerRecord(spec, created, agent);
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

  /**
   * The life at `at` has ended, with `error` or well, and its server with it. Who is not in the
   * book is closed already, or came to life while the service closes.
   */
  ended(endpointId: string, at: CellAddress, error: unknown): void {
    const record = this.#records.get(endpointId);
    if (record && isSame(record.created, at)) this.close(record, error);
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

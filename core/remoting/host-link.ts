import { RpcError, toRpcError } from '../errors/rpc-error.js';
import { LocalQueue } from '../mailbox/local-queue.js';
import { ignoreRejection } from '../base/deferred.js';
import type { RpcService } from '../rpc/rpc-service.js';
import { ActorHostGateway } from './host-contract.js';

/** Something to do once the way is open. */
interface Waiting {
  readonly use: (host: ActorHostGateway) => void;
  readonly fail: (error: RpcError) => void;
}

/**
 * The way to the actors of one other thread, here or in another process: connects when it is first
 * used, again after it was lost, and keeps the order of what is sent.
 */
export class HostLink {
  readonly #service: RpcService;
  readonly #address: string;
  /** Messages that may wait for the connection. */
  readonly #limit: number;
  readonly #waiting = new LocalQueue<Waiting>();
  #gateway: ActorHostGateway | undefined;
  #isConnecting = false;

  constructor(service: RpcService, address: string, limit: number) {
    this.#service = service;
    this.#address = address;
    this.#limit = limit;
  }

  get isOpen(): boolean {
    return this.#gateway !== undefined;
  }

  /** True when it can be forgotten: it is made anew on next use. */
  get isIdle(): boolean {
    return !this.isOpen && !this.#isConnecting;
  }

  /**
   * Runs `use` with the host: now when the way is open, and then it throws what `use` throws;
   * otherwise later, and `fail` hears what went wrong. Throws `MAILBOX_FULL`.
   */
  use(use: (host: ActorHostGateway) => void, fail: (error: RpcError) => void): void {
    if (this.#gateway) return use(this.#gateway);
    if (this.#waiting.size >= this.#limit) {
      const text = `${this.#limit} messages wait for the way to ${this.#address}`;
      const details = { limit: this.#limit, actual: this.#waiting.size, address: this.#address };
      throw new RpcError('MAILBOX_FULL', `${text} (option backlogLimit)`, details);
    }
    this.#waiting.push({ use, fail });
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    void this.#connect();
  }

  async #connect(): Promise<void> {
    let error: RpcError | undefined;
    try {
      const gateway = await this.#service.connect(this.#address, ActorHostGateway);
      this.#gateway = gateway;
      const forget = (): void => {
        if (this.#gateway === gateway) this.#gateway = undefined;
      };
      gateway.closed().then(forget, forget);
    } catch (thrown) {
      error = toRpcError(thrown, 'CONNECTION_FAILED', `no way to ${this.#address}`);
    }
    this.#isConnecting = false;
    // What is sent from here on finds the way open, behind all of these.
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#run(next, error);
    }
  }

  #run({ use, fail }: Waiting, error: RpcError | undefined): void {
    try {
      if (error) fail(error);
      else if (this.#gateway) use(this.#gateway);
      else fail(new RpcError('RECIPIENT_UNREACHABLE', `${this.#address} is gone`));
    } catch (thrown) {
      fail(toRpcError(thrown, 'RECIPIENT_UNREACHABLE', `no way to ${this.#address}`));
    }
  }
}

/** For calls that answer only when their end is of interest. */
export function whenSettled(call: Promise<unknown>, task: (error?: unknown) => void): void {
  ignoreRejection(call.then(() => task(), task));
}

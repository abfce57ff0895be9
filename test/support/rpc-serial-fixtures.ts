import { ask, defineGateway, type GatewayOf, RpcEndpoint, type Serves, tell } from '../../index.js';
import { type Deferred, deferred } from '../../core/base/deferred.js';

export const SerialGateway = defineGateway('Serial', {
  /** Ends when the gate of its thread opens. */
  hold: ask<[line: string], string>(),
  holdTold: tell<[line: string]>(),
  /** Takes some turns of the promise queue; fails when `turns` is 13. */
  walk: ask<[line: string, turns: number], string>(),
  walkTold: tell<[line: string, turns: number]>(),
  size: ask<[bytes: Uint8Array], number>(),
  /** What follows it by `runAsync`, `callAsync` and a timer. */
  follow: ask<[line: string], void>(),
});
export type SerialGateway = GatewayOf<typeof SerialGateway>;

export const GateGateway = defineGateway('Gate', {
  open: ask<[], void>(),
  /** What the serial endpoint of this thread did since it was asked last. */
  diary: ask<[], string[]>(),
  close: ask<[], void>(),
});
export type GateGateway = GatewayOf<typeof GateGateway>;

/** Of this thread: a serial endpoint that waits cannot be asked to go on. */
let gate: Deferred<void> = deferred();
const diary: string[] = [];

/** Writes down when each of its messages begins and ends. */
export class Serial extends RpcEndpoint implements Serves<typeof SerialGateway> {
  static override readonly gateways = [SerialGateway];
  static override readonly module: string = import.meta.url;
  static override readonly serial = true;

  async hold(line: string): Promise<string> {
    diary.push(`${line} begins`);
    await gate.promise;
    diary.push(`${line} ends`);
    return line;
  }

  async holdTold(line: string): Promise<void> {
    await this.hold(line);
  }

  walk(line: string, turns: number): string | Promise<string> {
    diary.push(`${line} begins`);
    const end = (): string => {
      diary.push(`${line} ends`);
      if (turns === 13) throw new Error('an unlucky number');
      return line;
    };
    return turns === 0 ? end() : this.#walk(turns, end);
  }

  walkTold(line: string, turns: number): unknown {
    return this.walk(line, turns);
  }

  size(bytes: Uint8Array): number {
    diary.push(`size ${bytes.length}`);
    return bytes.length;
  }

  follow(line: string): void {
    // oxlint-disable-next-line no-misused-promises -- the type allows it, so users will do it
    this.runAsync(() => this.#walk(3, () => void diary.push(`${line} runAsync`)));
    void this.callAsync(() => this.#walk(3, () => void diary.push(`${line} callAsync`)), 5_000);
    // oxlint-disable-next-line no-misused-promises -- as above
    this.scheduleRunAsync(() => this.#walk(3, () => void diary.push(`${line} timer`)), 0);
    diary.push(line);
  }

  async #walk<T>(turns: number, end: () => T): Promise<T> {
    for (let left = turns; left > 0; left--) await Promise.resolve();
    return end();
  }
}

/** Opens and closes the gate of its thread. */
export class Gate extends RpcEndpoint implements Serves<typeof GateGateway> {
  static override readonly gateways = [GateGateway];
  static override readonly module: string = import.meta.url;

  open(): void {
    gate.resolve();
  }

  close(): void {
    gate = deferred();
    diary.length = 0;
  }

  diary(): string[] {
    return diary.splice(0);
  }
}

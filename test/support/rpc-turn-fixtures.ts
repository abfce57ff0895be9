import { ask, defineGateway, RpcEndpoint, type RpcError, type Serves } from '../../index.js';

export const ShyGateway = defineGateway('Shy', {
  introduce: ask<[]>(),
  validate: ask<[]>(),
  validateLater: ask<[how: LaterWay]>(),
  awaitOther: ask<[address: string]>(),
});

type LaterWay = 'await' | 'timer' | 'runAsync' | 'callAsync' | 'schedule';

/** The endpoint of this thread that others are going to misuse. */
let introduced: Shy | undefined;

/** What any code of the thread can do that got hold of the object. */
export function meddle(): void {
  introduced!.validate();
}

/** Looks who uses it, at once or after some wait. */
export class Shy extends RpcEndpoint implements Serves<typeof ShyGateway> {
  static override readonly gateways = [ShyGateway];
  static override readonly module: string = import.meta.url;

  override async onStart(): Promise<void> {
    this.validate();
    await Promise.resolve();
    this.validate();
  }

  introduce(): void {
    // oxlint-disable-next-line no-this-alias -- handing it out is the misuse to be found
    introduced = this;
  }

  validate(): void {
    this.validateRunsInMainThread();
  }

  async validateLater(how: LaterWay): Promise<void> {
    if (how === 'await') await Promise.resolve();
    else if (how === 'callAsync') await this.callAsync(() => this.validate(), 5000);
    else await new Promise<void>((resolve) => this.#later(how, resolve));
    this.validate();
  }

  /** Our own flow goes on when the turns of another endpoint have come between. */
  async awaitOther(address: string): Promise<void> {
    const other = await this.rpcService.connect(address, MeddlingGateway);
    this.validate();
    await Promise.all([other.nothing(), other.nothing()]);
    this.validate();
  }

  #later(how: 'timer' | 'runAsync' | 'schedule', done: () => void): void {
    const validated = (): void => {
      this.validate();
      done();
    };
    if (how === 'timer') setTimeout(validated, 0);
    else if (how === 'runAsync') this.runAsync(validated);
    else this.scheduleRunAsync(validated, 0);
  }
}

export const MeddlingGateway = defineGateway('Meddling', {
  meddle: ask<[when: 'now' | 'await' | 'timer' | 'service']>(),
  nothing: ask<[]>(),
});

/** Uses the object of another endpoint instead of a gateway. */
export class Meddling extends RpcEndpoint implements Serves<typeof MeddlingGateway> {
  static override readonly gateways = [MeddlingGateway];
  static override readonly module: string = import.meta.url;

  async meddle(when: 'now' | 'await' | 'timer' | 'service'): Promise<void> {
    if (when === 'await') await Promise.resolve();
    if (when === 'now' || when === 'await') return meddle();
    await new Promise<void>((resolve, reject) => {
      const task = (): void => {
        try {
          meddle();
          resolve();
        } catch (error) {
          reject(error);
        }
      };
      if (when === 'timer') setTimeout(task, 0);
      else this.rpcService.execute(task);
    });
  }

  nothing(): void {}
}

export const HastyGateway = defineGateway('Hasty', { serve: ask<[]>() });

/** Of this thread, by the list that they write to. */
export const instances = new WeakMap<string[], Hasty>();

/** Sends tasks to itself at every stage of its life, and writes down which of them ran. */
export class Hasty extends RpcEndpoint implements Serves<typeof HastyGateway> {
  static override readonly gateways = [HastyGateway];
  readonly #lines: string[];

  constructor(lines: string[]) {
    super();
    this.#lines = lines;
    instances.set(lines, this);
    void this.sendAll('created');
  }

  override onStart(): Promise<void> {
    return this.sendAll('starting');
  }

  override onStop(): Promise<void> {
    return this.sendAll('stopping');
  }

  serve(): Promise<void> {
    return this.sendAll('running');
  }

  /** Ends when its `callAsync` has, which was sent last. */
  sendAll(when: string): Promise<void> {
    const write = (what: string) => (): void => void this.#lines.push(`${when} ${what}`);
    this.runAsync(write('runAsync'));
    this.getMainThreadExecutor().execute(write('execute'));
    return this.callAsync(write('callAsync'), 5000).catch((error: unknown) =>
      write((error as RpcError).code)(),
    );
  }

  scheduleAll(when: string, delayMs: number): void {
    const write = (what: string) => (): void => void this.#lines.push(`${when} ${what}`);
    this.scheduleRunAsync(write('scheduleRunAsync'), delayMs);
    this.getMainThreadExecutor().schedule(write('schedule'), delayMs);
  }
}

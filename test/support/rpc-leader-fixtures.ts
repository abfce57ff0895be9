import {
  ask,
  defineGateway,
  FencedRpcEndpoint,
  type FencingToken,
  RpcEndpoint,
  type Serves,
  tell,
} from '../../index.js';

type Token = FencingToken | null;

export const LeaderGateway = defineGateway('Leader', {
  run: ask<[], number>(),
  poke: tell<[]>(),
  /** Ends the session under which it is called, in this very turn. */
  change: ask<[next: Token], number>(),
  /** Sends everything that an endpoint can send to itself, then changes the session. */
  sendAndChange: ask<[next: Token], string[]>(),
  selfRun: ask<[], number>(),
});

/** By address: how an election of this thread, which is no caller, reaches its contender. */
const contenders = new Map<string, Leader>();

/** An endpoint that outlives its leader sessions. */
export class Leader extends FencedRpcEndpoint<Token> implements Serves<typeof LeaderGateway> {
  static override readonly gateways = [LeaderGateway];
  static override readonly module: string = import.meta.url;
  #runs = 0;
  #diary: string[] = [];

  constructor(token: Token) {
    super(token);
    contenders.set(this.address, this);
  }

  run(): number {
    return this.#runs++;
  }

  poke(): void {
    this.#runs++;
  }

  change(next: Token): number {
    this.setFencingToken(next);
    return this.#runs;
  }

  async sendAndChange(next: Token): Promise<string[]> {
    this.#diary = [];
    const write = (line: string) => (): void => void this.#diary.push(line);
    const self = this.getSelfGateway(LeaderGateway);
    const writeCode = (name: string) => (error: { readonly code: string }) =>
      write(`${name} ${error.code}`)();
    this.runAsync(write('runAsync'));
    this.getMainThreadExecutor().schedule(write('schedule'), 0);
    const asked = self.run().then(write('self ask'), writeCode('self ask'));
    const called = this.callAsync(write('callAsync'), 5000).catch(writeCode('callAsync'));
    this.runAsyncWithoutFencing(write('runAsyncWithoutFencing'));
    this.getUnfencedMainThreadExecutor().schedule(write('unfenced schedule'), 0);
    this.setFencingToken(next);
    this.runAsync(write('runAsync after'));
    const after = self.run().then(write('self ask after'), writeCode('self ask after'));
    await Promise.all([asked, called, after]);
    await this.callAsyncWithoutFencing(() => this.#elapse(), 5000);
    return [...this.#diary];
  }

  selfRun(): Promise<number> {
    return this.getSelfGateway(LeaderGateway).run();
  }

  /** What the election does, from outside of every call. */
  grant(token: Token): Promise<Token> {
    return this.callAsyncWithoutFencing(() => {
      this.setFencingToken(token);
      return this.fencingToken;
    }, 5000);
  }

  /** Another endpoint's turn is no place for it. */
  meddle(token: Token): void {
    this.setFencingToken(token);
  }

  /** Timers that were due before this one have fired when it does. */
  #elapse(): Promise<void> {
    return new Promise((resolve) => {
      this.getUnfencedMainThreadExecutor().schedule(resolve, 2);
    });
  }
}

export const ElectionGateway = defineGateway('Election', {
  grant: ask<[contender: string, token: Token], Token>(),
  meddle: ask<[contender: string, token: Token]>(),
});

/** Grants and revokes leadership of the contenders on its thread. */
export class Election extends RpcEndpoint implements Serves<typeof ElectionGateway> {
  static override readonly gateways = [ElectionGateway];
  static override readonly module: string = import.meta.url;

  grant(contender: string, token: Token): Promise<Token> {
    return this.#find(contender).grant(token);
  }

  meddle(contender: string, token: Token): void {
    this.#find(contender).meddle(token);
  }

  #find(contender: string): Leader {
    return contenders.get(this.rpcService.addressOf(contender))!;
  }
}

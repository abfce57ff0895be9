import { equal, ok } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  addressOf,
  type AnyGateway,
  ask,
  callOptions,
  defineGateway,
  hostnameOf,
  isRpcError,
  RpcEndpoint,
  type Serves,
  tell,
} from '../../index.js';
import { failure } from '../support/failure.js';
import { Probe, ProbeGateway } from './fixtures/probe.js';
import type { Rules } from './harness/scene.js';

const GreeterGateway = defineGateway('Greeter', { greet: ask<[name: string], string>() });
const CounterGateway = defineGateway('Counter', { next: ask<[], number>(), reset: tell<[]>() });
const ClerkGateway = defineGateway('Clerk', {
  whoAmI: ask<[], string>(),
  throughSelf: ask<[how: string], string>(),
});

/** Serves a contract of its own, for its subclasses too. */
class Greeter extends RpcEndpoint implements Serves<typeof GreeterGateway> {
  static override readonly gateways: readonly AnyGateway[] = [GreeterGateway];

  greet(name: string): string {
    return `hello ${name}`;
  }
}

/** Serves two contracts, and that of its base class. */
export class Clerk
  extends Greeter
  implements Serves<typeof CounterGateway>, Serves<typeof ClerkGateway>
{
  static override readonly gateways: readonly AnyGateway[] = [CounterGateway, ClerkGateway];
  static override readonly module: string = import.meta.url;
  #count = 0;

  next(): number {
    return ++this.#count;
  }

  reset(): void {
    this.#count = 0;
  }

  whoAmI(): string {
    return addressOf(this.getSelfGateway(ClerkGateway));
  }

  /** What a call through the own gateway comes to. */
  async throughSelf(how: string): Promise<string> {
    const self = this.getSelfGateway(CounterGateway);
    const refused = (): string => {
      const Impostor = defineGateway('Impostor', { next: ask<[], number>() });
      this.getSelfGateway(Impostor);
      return 'let in';
    };
    if (how === 'refused') {
      try {
        return refused();
      } catch (error) {
        return isRpcError(error) ? error.code : String(error);
      }
    }
    const signal = AbortSignal.abort();
    const options = how === 'cancelled' ? callOptions({ signal }) : callOptions({});
    const outcome = self
      .next(options)
      .then(String, (error: unknown) => (isRpcError(error) ? error.code : String(error)));
    return outcome;
  }
}

export const rules: Rules = {
  async '22 connect resolves the address, then shakes hands'(scene) {
    const { subject, gateway } = await scene.open(ProbeGateway, Probe);
    equal(addressOf(gateway), subject.address);
    ok(hostnameOf(gateway).length > 0);
    equal(await gateway.add(1, 2), 3);
  },

  async '22 what does not resolve fails with CONNECTION_FAILED, naming the address, soon'(scene) {
    const { subject } = await scene.open(ProbeGateway, Probe);
    const nobody = subject.address.replace(subject.endpointId, 'nobody');
    const fromMs = performance.now();
    const error = await failure('CONNECTION_FAILED', scene.service.connect(nobody, ProbeGateway));
    ok(performance.now() - fromMs < 5_000, 'not at the time-out of asks');
    ok(error.message.includes(nobody), error.message);
    equal(error.effect, 'none');
    const stranger = subject.address.replace(/:\/\/[^@/]+/, '://stranger');
    const other = await failure('CONNECTION_FAILED', scene.service.connect(stranger, ProbeGateway));
    ok(other.message.includes('stranger'), other.message);
    await failure('INVALID_ARGUMENT', scene.service.connect('http://x/y', ProbeGateway));
  },

  async '22 a contract that differs is HANDSHAKE_REJECTED, naming both sides'(scene) {
    const { subject } = await scene.open(ProbeGateway, Probe);
    const connect = (contract: AnyGateway) => scene.service.connect(subject.address, contract);
    for (const [contract, why] of [
      [defineGateway('Impostor', { add: ask() }), 'Impostor'],
      [defineGateway('Probe', { add: tell() }), 'add is ask there and tell here'],
      [defineGateway('Probe', { add: ask(), newer: ask() }), 'no method newer'],
    ] as const) {
      const error = await failure('HANDSHAKE_REJECTED', connect(contract));
      equal(error.effect, 'none');
      for (const side of [subject.endpointId, 'Probe', why]) {
        ok(error.message.includes(side), `${side} in: ${error.message}`);
      }
    }
  },

  async '22 either side may be upgraded first: fewer methods, another order or deadline'(scene) {
    const { subject } = await scene.open(ProbeGateway, Probe);
    const older = defineGateway('Probe', {
      echo: ask<[value: string], string>({ timeoutMs: 7_000 }),
      add: ask<[number, number], number>({ timeoutMs: 7_700 }),
    });
    const gateway = await scene.service.connect(subject.address, older);
    equal(await gateway.add(2, 2), 4);
    equal(await gateway.echo('the right method'), 'the right method');
  },

  async '22 an endpoint serves all contracts that it lists, its base class too'(scene) {
    const clerk = await scene.serve(Clerk, []);
    const greeter = await scene.service.connect(clerk.address, GreeterGateway);
    const counter = await scene.service.connect(clerk.address, CounterGateway);
    const self = await scene.service.connect(clerk.address, ClerkGateway);
    equal(await greeter.greet('world'), 'hello world');
    equal(await counter.next(), 1);
    counter.reset();
    equal(await counter.next(), 1, 'one endpoint, whatever the contract');
    equal(await self.whoAmI(), clerk.address);
  },

  async '22 a wildcard resolves to a running endpoint of its prefix'(scene) {
    const prefix = `w${randomUUID()}`;
    const one = await scene.serve(Probe, [], `${prefix}_one`);
    const wildcard = one.address.replace('_one', '_*');
    equal(addressOf(await scene.service.connect(wildcard, ProbeGateway)), one.address);
    const two = await scene.serve(Probe, [], `${prefix}_two`);
    await one.close();
    equal(addressOf(await scene.service.connect(wildcard, ProbeGateway)), two.address);
    await two.close();
    await failure('CONNECTION_FAILED', scene.service.connect(wildcard, ProbeGateway));
  },

  async '23 a new life at the address is another incarnation: its gateways are its own'(scene) {
    const id = `phoenix_${randomUUID()}`;
    const first = await scene.serve(Probe, [], id);
    const old = await scene.service.connect(first.address, ProbeGateway);
    const waiting = failure('RECIPIENT_UNREACHABLE', old.hold(1, callOptions({ timeoutMs: 0 })));
    equal(await old.add(1, 2), 3);
    await first.close();
    equal((await waiting).effect, 'unknown', 'at once, and its handler may have run');
    const second = await scene.serve(Probe, [], id);
    const gateway = await scene.service.connect(second.address, ProbeGateway);
    equal((await failure('RECIPIENT_UNREACHABLE', old.run(1))).effect, 'none');
    old.runTold(2);
    equal((await gateway.ran()).length, 0, 'nothing meant for the old life reaches the new one');
  },

  async '24 a self gateway is as good as a connected one, and as strict'(scene) {
    const clerk = await scene.serve(Clerk, []);
    const gateway = await scene.service.connect(clerk.address, ClerkGateway);
    equal(await gateway.throughSelf('answered'), '1');
    equal(await gateway.throughSelf('cancelled'), 'CANCELLED');
    equal(await gateway.throughSelf('refused'), 'HANDSHAKE_REJECTED');
    const counter = await scene.service.connect(clerk.address, CounterGateway);
    equal(await counter.next(), 2, 'both reach the same endpoint');
  },
};

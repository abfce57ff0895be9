import { deepEqual, equal, ok } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  type RegistrationResponse,
  type RegistrationTarget,
  RetryingRegistration,
  retryingRegistrationConfiguration,
  silentLogger,
} from '../../core/internal.js';
import {
  ask,
  callOptions,
  defineGateway,
  type GatewayOf,
  RpcEndpoint,
  type Serves,
} from '../../index.js';
import type { Rules, Scene } from './harness/scene.js';

type Response = RegistrationResponse<string, string>;

export const RegistrarGateway = defineGateway('Registrar', {
  register: ask<[name: string], Response>(),
  attempts: ask<[], number>(),
});
export type RegistrarGateway = GatewayOf<typeof RegistrarGateway>;

/** Answers registrations in the order of its plan; `silence` is no answer at all. */
export class Registrar extends RpcEndpoint implements Serves<typeof RegistrarGateway> {
  static override readonly gateways = [RegistrarGateway];
  static override readonly module: string = import.meta.url;
  readonly #plan: string[];
  #attempts = 0;

  constructor(plan: string[]) {
    super();
    this.#plan = [...plan];
  }

  register(name: string): Response | Promise<Response> {
    this.#attempts++;
    switch (this.#plan.shift()) {
      case 'silence':
        return new Promise(() => {});
      case 'error':
        throw new Error('it went wrong');
      case 'refuse':
        return { kind: 'failure', reason: 'not now' };
      case 'reject':
        return { kind: 'rejection', rejection: `never, ${name}` };
      default:
        return { kind: 'success', success: `welcome, ${name}` };
    }
  }

  attempts(): number {
    return this.#attempts;
  }
}

const QUICK = { initialTimeoutMs: 50, maxTimeoutMs: 200, errorDelayMs: 5, refusedDelayMs: 5 };

function register(scene: Scene, address: string) {
  const target: RegistrationTarget<RegistrarGateway, string, string> = {
    name: 'registrar',
    address,
    connect: () => scene.service.connect(address, RegistrarGateway),
    register: (gateway, timeoutMs) => gateway.register('worker', callOptions({ timeoutMs })),
  };
  const registration = new RetryingRegistration(target, {
    executor: {
      execute: (task) => scene.service.execute(task),
      schedule: (task, delayMs) => scene.service.schedule(task, delayMs),
    },
    configuration: retryingRegistrationConfiguration(QUICK),
    logger: silentLogger,
  });
  registration.start();
  return registration;
}

export const rules: Rules = {
  async '31 registers through silence, errors and refusals; success has gateway and payload'(
    scene,
  ) {
    const plan = ['silence', 'silence', 'error', 'refuse'];
    const subject = await scene.serve(Registrar, [plan]);
    const result = await register(scene, subject.address).result;
    ok(result.kind === 'registered');
    equal(result.success, 'welcome, worker');
    equal(await result.gateway.attempts(), plan.length + 1);
  },

  async '31 a rejection is final'(scene) {
    const { subject, gateway } = await scene.open(RegistrarGateway, Registrar, ['reject']);
    const result = await register(scene, subject.address).result;
    deepEqual(result, { kind: 'rejected', rejection: 'never, worker' });
    equal(await gateway.attempts(), 1);
  },

  async '31 who is not there yet is found later'(scene) {
    const id = `later_${randomUUID()}`;
    const first = await scene.serve(Registrar, [[]], id);
    await first.close();
    const registration = register(scene, first.address);
    await scene.serve(Registrar, [[]], id);
    equal((await registration.result).kind, 'registered');
  },

  async '31 a late answer after cancel is dropped'(scene) {
    const { subject, gateway } = await scene.open(RegistrarGateway, Registrar, ['silence']);
    const registration = register(scene, subject.address);
    registration.cancel();
    deepEqual(await registration.result, { kind: 'cancelled' });
    await gateway.attempts();
    equal(registration.isPending, false);
  },
};

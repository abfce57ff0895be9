import { ask, blocking, defineGateway, type GatewayOf, RpcEndpoint } from '../../index.js';

export const PulseGateway = defineGateway('Pulse', {
  work: ask<[bytes: Buffer], number>(),
  pulse: ask<[], string>({ lane: 'control' }),
});
export type PulseGateway = GatewayOf<typeof PulseGateway>;

/** Works on what comes over the data connection, and has a pulse. */
export class Patient extends RpcEndpoint {
  static override readonly gateways = [PulseGateway];
  static override readonly module = import.meta.url;

  work(bytes: Buffer): number {
    return bytes.length;
  }

  pulse(): string {
    return 'alive';
  }
}

export const NurseGateway = defineGateway('Nurse', {
  visit: ask<[address: string]>(),
  handWork: ask<[length: number], number>(),
  feelPulse: ask<[], string>(),
  holdHand: ask<[], string>(),
});
export type NurseGateway = GatewayOf<typeof NurseGateway>;

/** Calls a patient from the thread that it lives on. */
export class Nurse extends RpcEndpoint {
  static override readonly gateways = [NurseGateway];
  static override readonly module = import.meta.url;
  #patient!: PulseGateway;

  async visit(address: string): Promise<void> {
    this.#patient = await this.rpcService.connect(address, PulseGateway);
  }

  handWork(length: number): Promise<number> {
    return this.#patient.work(Buffer.alloc(length, 1));
  }

  feelPulse(): Promise<string> {
    return this.#patient.pulse();
  }

  /** Does nothing else until the pulse is felt. */
  holdHand(): string {
    return blocking(this.#patient).pulse();
  }
}

import {
  ask,
  defineGateway,
  type GatewayOf,
  RpcEndpoint,
  type RpcService,
  type Serves,
} from '../../../index.js';
import type { Path } from './paths.js';
import { type Rules, Scene } from './scene.js';
import { StagehandGateway } from './stagehand.js';

/** Everything about a performance that can travel to the thread of the caller. */
export interface Performance {
  /** The module that exports `rules`. */
  readonly module: string;
  readonly rule: string;
  readonly path: Path;
  /** Address of the stagehand at the far end. */
  readonly stagehand: string;
}

export const DriverGateway = defineGateway('Driver', {
  perform: ask<[performance: Performance]>({ timeoutMs: 0 }),
});
export type DriverGateway = GatewayOf<typeof DriverGateway>;

/** Runs one rule over one path, on the thread of `service`. */
export async function perform(service: RpcService, performance: Performance): Promise<void> {
  const { rules } = (await import(performance.module)) as { readonly rules: Rules };
  const stagehand = await service.connect(performance.stagehand, StagehandGateway);
  const scene = new Scene(service, performance.path, stagehand);
  try {
    await rules[performance.rule]!(scene);
  } finally {
    await scene.dispose();
  }
}

/** Brings rules to worker threads: the caller is then an endpoint like any other. */
export class Driver extends RpcEndpoint implements Serves<typeof DriverGateway> {
  static override readonly gateways = [DriverGateway];
  static override readonly module: string = import.meta.url;

  perform(performance: Performance): Promise<void> {
    return perform(this.rpcService, performance);
  }
}

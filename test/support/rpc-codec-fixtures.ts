import {
  type AnyGateway,
  ask,
  defineGateway,
  fb,
  type GatewayOf,
  RpcEndpoint,
  type Serves,
  type TableOf,
  tell,
  v8,
} from '../../index.js';
import { MethodSignature } from '../../schemas/gen/index.js';

/** Methods by V8's serialisation; for the threads of one process. */
export const ExactGateway = defineGateway('Exact', {
  echo: ask<unknown[], unknown>({ codec: v8() }),
  echoLater: ask<[value: unknown], unknown>({ codec: v8() }),
  giveFunction: ask<[], unknown>({ codec: v8() }),
  note: tell<[value: unknown]>({ codec: v8() }),
  noted: ask<[], unknown>({ codec: v8() }),
});
export type ExactGateway = GatewayOf<typeof ExactGateway>;

/** Methods whose argument is a FlatBuffers table. */
export const TableGateway = defineGateway('Tables', {
  read: ask<[signature: TableOf<MethodSignature>], string>({ codec: fb(MethodSignature) }),
  /** Reads once more after an await, when the memory may hold something else. */
  readLater: ask<[signature: TableOf<MethodSignature>], string>({ codec: fb(MethodSignature) }),
  note: tell<[signature: TableOf<MethodSignature>]>({ codec: fb(MethodSignature) }),
  noted: ask<[], string[]>(),
});
export type TableGateway = GatewayOf<typeof TableGateway>;

function textOf(signature: MethodSignature): string {
  return `${signature.name()}:${signature.kind()}:${signature.codec()}`;
}

/** Serves methods with codecs of their own beside one another. */
export class Coded extends RpcEndpoint {
  static override readonly gateways: readonly AnyGateway[] = [ExactGateway];
  static override readonly module = import.meta.url;
  #noted: unknown;

  echo(...values: unknown[]): unknown {
    return values.length === 1 ? values[0] : values;
  }
  async echoLater(value: unknown): Promise<unknown> {
    await Promise.resolve();
    return value;
  }
  giveFunction(): unknown {
    return { deep: [() => 1] };
  }
  note(value: unknown): void {
    this.#noted = value;
  }
  noted(): unknown {
    return this.#noted;
  }
}

/** Reads tables where they lie. */
export class Tables extends RpcEndpoint implements Serves<typeof TableGateway> {
  static override readonly gateways: readonly AnyGateway[] = [TableGateway];
  static override readonly module = import.meta.url;
  readonly #noted: string[] = [];

  read(signature: MethodSignature): string {
    return textOf(signature);
  }
  async readLater(signature: MethodSignature): Promise<string> {
    const text = textOf(signature);
    await Promise.resolve();
    return text;
  }
  note(signature: MethodSignature): void {
    this.#noted.push(textOf(signature));
  }
  noted(): string[] {
    return this.#noted.splice(0);
  }
}

import {
  ask,
  defineGateway,
  fb,
  type GatewayOf,
  type Serves,
  type TableOf,
  type TableSource,
  tell,
  v8,
} from '../../index.js';
import { MethodSignature } from '../../schemas/gen/index.js';
import type { Equal, Expect } from './type-helpers.js';

/** Codecs of methods: what callers give and handlers get. */
export const Arena = defineGateway('Arena', {
  enter: ask<[table: TableOf<MethodSignature>], number>({ codec: fb(MethodSignature) }),
  shout: tell<[table: TableOf<MethodSignature>]>({ codec: fb(MethodSignature) }),
  exact: ask<[value: Map<string, number>], bigint>({ codec: v8() }),
});
type Callers = GatewayOf<typeof Arena>;
type Handlers = Serves<typeof Arena>;

export type Proofs = [
  Expect<Equal<Parameters<Callers['enter']>[0], TableSource>>,
  Expect<Equal<ReturnType<Callers['enter']>, Promise<number>>>,
  Expect<Equal<Parameters<Callers['shout']>, [table: TableSource]>>,
  Expect<Equal<Parameters<Handlers['enter']>, [table: MethodSignature]>>,
  Expect<Equal<Parameters<Callers['exact']>[0], Map<string, number>>>,
  Expect<Equal<Parameters<Handlers['exact']>, [value: Map<string, number>]>>,
];

declare const arena: Callers;
// @ts-expect-error An accessor is what handlers get, not what callers give.
void arena.enter(new MethodSignature());
// @ts-expect-error Only a class that flatc has generated for a table is one.
fb(Map);

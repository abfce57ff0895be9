import { deepEqual, equal, ok } from 'node:assert/strict';
import { Builder } from 'flatbuffers';
import { MethodSignature } from '../../schemas/gen/index.js';
import { failure } from './failure.js';
import { ExactGateway, TableGateway } from './rpc-codec-fixtures.js';
import type { Scenario, Target } from './rpc-contracts.js';

const LONE_SURROGATE = 'a\ud800b';
/** Larger than what fits into a lane. */
const LONG = 'long '.repeat(40_000);

function coded({ probe }: Target): string {
  return probe.replace('probe_', 'coded_');
}

function tables({ probe }: Target): string {
  return probe.replace('probe_', 'tables_');
}

function built(builder: Builder, name: string, kind: number): Builder {
  builder.clear();
  const nameAt = builder.createString(name);
  const codecAt = builder.createString('c');
  MethodSignature.startMethodSignature(builder);
  MethodSignature.addName(builder, nameAt);
  MethodSignature.addKind(builder, kind);
  MethodSignature.addCodec(builder, codecAt);
  builder.finish(MethodSignature.endMethodSignature(builder));
  return builder;
}

/** What must hold of methods with codecs of their own on every path. */
export const CODEC_SCENARIOS: Record<string, Scenario> = {
  async v8KeepsWhatTheValueCodecMayChange(service, target) {
    const connecting = service.connect(coded(target), ExactGateway);
    if (target.isRemote) {
      const error = await failure('HANDSHAKE_REJECTED', connecting);
      ok(/v8 codec/.test(error.message));
      return;
    }
    const gateway = await connecting;
    const value = { zero: -0, text: LONE_SURROGATE, map: new Map([[-0, new Set([1n])]]), LONG };
    deepEqual(await gateway.echo(value), value);
    deepEqual(await gateway.echoLater(value), value);
    deepEqual(await gateway.echo(1, -0, undefined), [1, -0, undefined]);
    deepEqual(await gateway.echo(), []);
    gateway.note(value);
    value.text = 'changed after the call';
    deepEqual(await gateway.noted(), { ...value, text: LONE_SURROGATE });
    const refused = await failure('NOT_SERIALIZABLE', gateway.echo(1, { deep: [{ f() {} }] }));
    equal(refused.effect, 'none');
    ok(/arguments\[1\]\.deep\[0\]\.f is a function/.test(refused.message), refused.message);
    await failure('HANDLER_FAILED', gateway.giveFunction());
  },

  async tablesAreReadWhereTheyLie(service, target) {
    const gateway = await service.connect(tables(target), TableGateway);
    const builder = new Builder(64);
    equal(await gateway.read(built(builder, 'añb', 1)), 'añb:1:c');
    equal(await gateway.read(built(builder, LONG, 0).asUint8Array()), `${LONG}:0:c`);
    const texts = Array.from({ length: 500 }, (_, i) => `name ${i}`);
    const answers = texts.map((text, i) => gateway.readLater(built(builder, text, i % 2)));
    deepEqual(
      await Promise.all(answers),
      texts.map((text, i) => `${text}:${i % 2}:c`),
      'the builder was used again at once',
    );
    for (const text of texts.slice(0, 9)) gateway.note(built(builder, text, 0));
    deepEqual(
      await gateway.noted(),
      texts.slice(0, 9).map((text) => `${text}:0:c`),
    );
    const error = await failure('INVALID_ARGUMENT', gateway.read(new Uint8Array(3)));
    ok(/fb\(MethodSignature\)/.test(error.message));
  },
};

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { callOptions, isRpcError, ready } from '../../index.js';
import { Probe, ProbeGateway } from './fixtures/probe.js';
import type { Rules } from './harness/scene.js';

/** Of every service of these rules: bounds that are soon met. */
export const NARROW = {
  backlogLimit: 200,
  mailboxCapacityBytes: 256 * 1024,
  maxPendingAsks: 2_000,
} as const;

/** Numbers that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

export const rules: Rules = {
  async '14 every ask completes, whatever bound or deadline it meets'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const asks = Array.from({ length: 5_000 }, (_, id) =>
      gateway.run(id).then(
        () => 'answered',
        (error: unknown) => (isRpcError(error) ? `${error.code} ${error.effect}` : String(error)),
      ),
    );
    const kinds = new Set(await Promise.all(asks));
    deepEqual([...kinds].toSorted(), ['MAILBOX_FULL none', 'answered']);
    await ready(gateway);
    equal(await gateway.add(1, 2), 3, 'and there is room again');
  },

  async '21 effect none is true whenever it is claimed, and nothing runs twice'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const random = numbers(7);
    const refused = new Set<number>();
    const answered = new Set<number>();
    const kinds = new Set<string>();
    const ran: number[] = [];
    const payload = 'x'.repeat(300);
    for (let round = 0; round < 4; round++) {
      gateway.spinTold(15);
      const asks = Array.from({ length: 2_500 }, async (_, i) => {
        const id = round * 2_500 + i;
        const timeoutMs = Math.ceil(random.next().value * 40);
        try {
          await gateway.run(id, payload, callOptions({ timeoutMs }));
          answered.add(id);
        } catch (error) {
          if (!isRpcError(error)) throw error;
          kinds.add(`${error.code} ${error.effect}`);
          if (error.effect === 'none') refused.add(id);
        }
      });
      await Promise.all(asks);
      await ready(gateway);
      ran.push(...(await gateway.ran()));
    }
    equal(new Set(ran).size, ran.length, 'nothing ran twice');
    const liars = ran.filter((id) => refused.has(id));
    deepEqual(liars, [], 'these ran, and their callers were told that they did not');
    const lost = [...answered].filter((id) => !ran.includes(id));
    deepEqual(lost, [], 'these were answered without having run');
    ok(kinds.has('MAILBOX_FULL none'), [...kinds].join());
  },

  async '13 a tell that finds no room throws MAILBOX_FULL, and loses nothing of the rest'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    if (!scene.isSameThread) gateway.spinTold(30);
    let sent = 0;
    let refusal: unknown;
    try {
      for (; sent < 1_000_000; sent++) gateway.runTold(sent, 'x'.repeat(100));
    } catch (error) {
      refusal = error;
    }
    ok(isRpcError(refusal) && refusal.code === 'MAILBOX_FULL', String(refusal));
    equal(refusal.effect, 'none');
    match(refusal.message, /backlogLimit.*await ready\(gateway\)/);
    await ready(gateway);
    const ran = await gateway.ran();
    equal(ran.length, sent, 'what was taken arrived, what was refused did not');
    ok(ran.every((id, index) => id === index));
  },

  async '14 as many asks wait as maxPendingAsks says, the next one is refused'(scene) {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const { maxPendingAsks } = NARROW;
    const outcomes: Promise<string>[] = [];
    // In helpings, so that it is no bound on the way that is met.
    for (let id = 0; id < maxPendingAsks + 100; id++) {
      const code = (error: unknown): string => (isRpcError(error) ? error.code : String(error));
      outcomes.push(gateway.hold(id).catch(code));
      if (id % 100 === 99) await ready(gateway);
    }
    gateway.releaseTold('held');
    const found = await Promise.all(outcomes);
    const refused = found.filter((outcome) => outcome === 'MAILBOX_FULL');
    // The engine asks now and then too.
    ok(refused.length >= 100 && refused.length < 120, `${refused.length} were refused`);
    equal(
      found.filter((outcome) => outcome.startsWith('held')).length,
      found.length - refused.length,
    );
    equal(await gateway.add(1, 2), 3);
  },
};

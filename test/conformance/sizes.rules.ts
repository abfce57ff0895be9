import { equal, match, ok } from 'node:assert/strict';
import { isRpcError } from '../../index.js';
import { failure } from '../support/failure.js';
import { Probe, ProbeGateway } from './fixtures/probe.js';
import { LOCAL_PATHS, REMOTE_PATHS } from './harness/paths.js';
import { only, type Rules, watched } from './harness/scene.js';

/** Of every service of these rules. */
export const MAXIMUM_FRAMESIZE = 64 * 1024;

export const rules: Rules = {
  '27 an oversized request fails the call at once with FRAME_TOO_LARGE': only(
    REMOTE_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(ProbeGateway, Probe);
      const waiting = watched(gateway.hold(1));
      const big = new Uint8Array(MAXIMUM_FRAMESIZE);
      const error = await failure('FRAME_TOO_LARGE', gateway.run(2, big));
      equal(error.effect, 'none');
      match(error.message, /Probe\.run .*maximumFramesize/);
      ok(error.limit! <= MAXIMUM_FRAMESIZE, `limit ${error.limit}`);
      ok(error.actual! > big.length, `actual ${error.actual}`);
      let thrown: unknown;
      try {
        gateway.runTold(3, big);
      } catch (refusal) {
        thrown = refusal;
      }
      ok(isRpcError(thrown) && thrown.code === 'FRAME_TOO_LARGE', 'a tell throws it');
      await gateway.release('the connection lives on:');
      equal(await waiting, 'the connection lives on: 1');
      equal((await gateway.ran()).join(), '1', 'what was refused did not run');
    },
  ),

  '27 a request larger than any frame is refused in the same way': only(
    REMOTE_PATHS.filter(({ from }) => from === 'home'),
    async (scene) => {
      const { gateway } = await scene.open(ProbeGateway, Probe);
      // Never written to, so it takes no memory.
      const huge = Buffer.allocUnsafeSlow(2 ** 31);
      const error = await failure('FRAME_TOO_LARGE', gateway.count(huge));
      ok(error.actual! > huge.length, `actual ${error.actual}`);
      equal(await gateway.count(1), 1, 'the connection lives on');
    },
  ),

  '27 what fits exactly passes, and one word more does not': only(REMOTE_PATHS, async (scene) => {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const big = new Uint8Array(MAXIMUM_FRAMESIZE);
    const { limit, actual } = await failure('FRAME_TOO_LARGE', gateway.count(big));
    const room = limit! - (actual! - big.length);
    equal(await gateway.count(new Uint8Array(room)), 1);
    await failure('FRAME_TOO_LARGE', gateway.count(new Uint8Array(room + 8)));
  }),

  '27 an oversized result reaches the caller as RESULT_TOO_LARGE': only(
    REMOTE_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(ProbeGateway, Probe);
      const waiting = watched(gateway.hold(1));
      const error = await failure('RESULT_TOO_LARGE', gateway.give(MAXIMUM_FRAMESIZE));
      equal(error.effect, 'unknown', 'the method did run');
      match(error.message, /maximumFramesize/);
      ok(error.actual! > error.limit!, `${error.actual} and ${error.limit}`);
      await gateway.release('still there:');
      equal(await waiting, 'still there: 1');
    },
  ),

  '27 a result larger than any frame is refused in the same way': only(
    REMOTE_PATHS.filter(({ to }) => to === 'home'),
    async (scene) => {
      const { gateway } = await scene.open(ProbeGateway, Probe);
      const error = await failure('RESULT_TOO_LARGE', gateway.give(2 ** 31));
      ok(error.actual! > 2 ** 31, `actual ${error.actual}`);
    },
  ),

  '27 calls within a service have no such limit': only(LOCAL_PATHS, async (scene) => {
    const { gateway } = await scene.open(ProbeGateway, Probe);
    const big = new Uint8Array(16 * MAXIMUM_FRAMESIZE).fill(7);
    const back = (await gateway.echo(big)) as Uint8Array;
    equal(Buffer.compare(back, big), 0);
    equal((await gateway.give(16 * MAXIMUM_FRAMESIZE)).length, 16 * MAXIMUM_FRAMESIZE);
  }),
};

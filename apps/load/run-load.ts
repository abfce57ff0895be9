import { AskRun } from './ask-run.js';
import type { AskTarget, LoadOptions, LoadResult, TellTarget } from './load-model.js';
import { runTells } from './tell-run.js';

/** Any function that answers a promise; every answer that is not a rejection is right. */
export type CallFunction = (sequence: number) => PromiseLike<unknown>;

/** Loads `target` with asks and measures; never rejects because of a call that failed. */
export async function runLoad<Reply>(
  options: LoadOptions,
  target: AskTarget<Reply> | CallFunction,
): Promise<LoadResult> {
  const asked: AskTarget<Reply> =
    typeof target === 'function' ? { send: target as never, judge: () => 'ok' } : target;
  const warmup = warmupOf(options);
  if (warmup !== undefined) await new AskRun(asked, warmup).run();
  return new AskRun(asked, options).run();
}

/** Loads `target` with tells and compares what was told with what it counted. */
export async function runTellLoad(options: LoadOptions, target: TellTarget): Promise<LoadResult> {
  const warmup = warmupOf(options);
  if (warmup !== undefined) await runTells(target, warmup);
  return runTells(target, options);
}

function warmupOf(options: LoadOptions): LoadOptions | undefined {
  return options.warmupMs > 0
    ? { ...options, durationMs: options.warmupMs, warmupMs: 0 }
    : undefined;
}

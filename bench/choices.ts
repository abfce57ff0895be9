import type { CellName } from './cells.js';

/** One decision of the design, measured with it and without it. */
export interface Choice {
  readonly decision: string;
  readonly with: CellName;
  /** What is in its place without it. */
  readonly instead: string;
  readonly without: CellName;
}

/** What each decision is worth; all cells are in one grid, so that they are measured alike. */
export const CHOICES: readonly Choice[] = [
  {
    decision: 'records stamped from a template',
    with: 'micro/codec/stamp-and-read',
    instead: 'the FlatBuffers Builder, reused',
    without: 'micro/choice/build-and-read',
  },
  {
    decision: 'frames of a known shape compared word by word',
    with: 'micro/codec/check-stamped',
    instead: 'every offset and length of any FlatBuffer',
    without: 'micro/codec/verify-generic',
  },
  {
    decision: 'one publication a batch',
    with: 'micro/lane/claim-publish-drain',
    instead: 'one a record',
    without: 'micro/choice/publish-each',
  },
  {
    decision: 'pending asks by slot, deadlines in a wheel',
    with: 'micro/pending/open-resolve',
    instead: 'a Map and a timer for each',
    without: 'micro/choice/map-and-timer',
  },
  {
    decision: 'a value codec of our own for records',
    with: 'micro/codec/record',
    instead: 'structured clone',
    without: 'micro/choice/record-cloned',
  },
  {
    decision: 'the same',
    with: 'micro/codec/record',
    instead: 'JSON',
    without: 'micro/choice/record-as-json',
  },
  {
    decision: 'lanes that are polled while there is work, one ask at a time',
    with: 'home-to-worker/ask-number/1',
    instead: 'raw postMessage',
    without: 'floor/post-message/ask-number/1',
  },
  {
    decision: 'the same, 256 in flight',
    with: 'home-to-worker/ask-number/256',
    instead: 'raw postMessage',
    without: 'floor/post-message/ask-number/256',
  },
  {
    decision: 'call stacks sampled, 1 000 a second and thread',
    with: 'home-to-worker/ask-number/256',
    instead: 'one for each ask',
    without: 'stacks-on/ask-number/256',
  },
  {
    decision: 'no call stacks at all',
    with: 'stacks-off/ask-number/256',
    instead: 'sampled, the default',
    without: 'home-to-worker/ask-number/256',
  },
  {
    decision: 'arguments by reference within the thread',
    with: 'same-thread/ask-record/256',
    instead: 'copies (isolateLocalCalls)',
    without: 'same-thread-isolated/ask-record/256',
  },
  {
    decision: 'lanes of 1 MiB',
    with: 'home-to-worker/ask-1-kib/256',
    instead: 'lanes of 256 KiB',
    without: 'small-lanes/ask-1-kib/256',
  },
  {
    decision: 'nothing but lanes and promises: no deadlines, errors, limits, sleep',
    with: 'floor/lanes/ask-number/256',
    instead: 'the engine',
    without: 'home-to-worker/ask-number/256',
  },
];

import { threadId } from 'node:worker_threads';

/** CPU work for the offload pool. */
export default function double(value: number): { doubled: number; threadId: number } {
  if (value < 0) throw new RangeError('no negative work');
  return { doubled: value * 2, threadId };
}

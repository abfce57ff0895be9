import type { RecordSource } from '../memory/lane-reader.js';

/** Where the body of a frame lies while it is handed out. */
export interface FrameSource extends RecordSource {
  /** True for memory that is used for this one record only: whoever gets it may keep it. */
  readonly isGivenAway: boolean;
}

/** A thread of a service: its home thread, or a worker thread by number. */
export type Place = 'home' | number;

/** One way from a caller to an endpoint. Plain data: it travels to the thread of the caller. */
export interface Path {
  readonly name: string;
  /** Where the caller is. */
  readonly from: Place;
  /** Where the endpoint lives. */
  readonly to: Place;
  /**
   * Within one service, or to another one: in a process of its own over TCP, or in this process
   * over the memory transport, which shares every line of code with TCP but the sockets.
   */
  readonly over: 'service' | 'tcp' | 'memory';
}

/** The matrix: what holds for a caller holds on every one of these. */
export const PATHS: readonly Path[] = [
  { name: 'same thread', from: 'home', to: 'home', over: 'service' },
  { name: 'same worker thread', from: 0, to: 0, over: 'service' },
  { name: 'main to worker', from: 'home', to: 0, over: 'service' },
  { name: 'worker to main', from: 0, to: 'home', over: 'service' },
  { name: 'worker to worker', from: 0, to: 1, over: 'service' },
  { name: 'main to main of another process over TCP', from: 'home', to: 'home', over: 'tcp' },
  { name: 'main to worker of another process over TCP', from: 'home', to: 0, over: 'tcp' },
  { name: 'worker to worker of another process over TCP', from: 0, to: 0, over: 'tcp' },
  { name: 'main to worker over the memory transport', from: 'home', to: 0, over: 'memory' },
];

/** Caller and endpoint are in different services: frames, with a limit on their size. */
export const REMOTE_PATHS: readonly Path[] = PATHS.filter(({ over }) => over !== 'service');

/** Caller and endpoint share a service: lanes, or the same thread. */
export const LOCAL_PATHS: readonly Path[] = PATHS.filter(({ over }) => over === 'service');

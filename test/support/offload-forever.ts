/** Work for the offload pool that says that it has begun, and never ends. */
export default function forever(word: Int32Array): void {
  Atomics.store(word, 0, 1);
  Atomics.wait(word, 0, 1);
}

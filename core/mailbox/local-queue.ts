/**
 * Something to run in the main thread of an endpoint: a call from the same thread, a `runAsync`.
 */
export interface LocalTask {
  run(): void;
}

const INITIAL_CAPACITY = 64;

/** A growing circular queue within one thread; bounded by whoever puts items in. */
export class LocalQueue<Item extends object = LocalTask> {
  #items: (Item | undefined)[] = new Array(INITIAL_CAPACITY);
  #mask = INITIAL_CAPACITY - 1;
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(task: Item): void {
    if (this.#size > this.#mask) this.#grow();
    this.#items[(this.#head + this.#size) & this.#mask] = task;
    this.#size++;
  }

  shift(): Item | undefined {
    if (this.#size === 0) return undefined;
    const task = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#size--;
    return task;
  }

  #grow(): void {
    const items: (Item | undefined)[] = new Array((this.#mask + 1) * 2);
    for (let i = 0; i < this.#size; i++) items[i] = this.#items[(this.#head + i) & this.#mask];
    this.#items = items;
    this.#head = 0;
    this.#mask = items.length - 1;
  }
}

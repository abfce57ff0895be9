/** Points of each owner on the ring: more of them share the keys more evenly. */
const POINTS = 128;

/**
 * Owners of keys, chosen so that an owner that leaves or comes moves no keys but its own (Karger et
 * al., 1997; Akka ConsistentHash).
 */
export class ConsistentHash {
  readonly #points: Uint32Array;
  /** Whose point it is, by place in the list of names. */
  readonly #owners: Uint32Array;

  constructor(names: readonly string[]) {
    const points = names.flatMap((name, owner) =>
      Array.from({ length: POINTS }, (_, point) => ({ at: hashOf(`${name}#${point}`), owner })),
    );
    // Equal points go to the name that is first, in whatever order the names come.
    points.sort((a, b) => a.at - b.at || (names[a.owner]! < names[b.owner]! ? -1 : 1));
    this.#points = Uint32Array.from(points, ({ at }) => at);
    this.#owners = Uint32Array.from(points, ({ owner }) => owner);
  }

  /** Place of the owner of a key; -1 when there is none. */
  ownerOf(key: string): number {
    const points = this.#points;
    if (points.length === 0) return -1;
    const at = hashOf(key);
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (points[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return this.#owners[low === points.length ? 0 : low]!;
  }
}

/** FNV-1a over UTF-16 code units with the finalizer of MurmurHash3: 32 bits, equal everywhere. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

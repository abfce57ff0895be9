/** One named stretch of bytes in a {@link Layout}; offsets and lengths in bytes. */
export interface LayoutField {
  readonly name: string;
  readonly offset: number;
  readonly lengthBytes: number;
  /** Who writes it, and what its publication makes visible. */
  readonly note: string;
}

/** A binary layout as data: `docs/LAYOUTS.md` is drawn from these values, so it cannot drift. */
export interface Layout {
  readonly name: string;
  readonly title: string;
  readonly lengthBytes: number;
  readonly fields: readonly LayoutField[];
}

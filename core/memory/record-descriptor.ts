import type { Layout } from '../base/layout.js';

/** Bytes in front of every record of a lane (Agrona RecordDescriptor.HEADER_LENGTH). */
export const RECORD_HEADER_LENGTH = 8;
/** Every record starts and ends at a multiple of this. */
export const RECORD_ALIGNMENT = 8;
export const RECORD_LENGTH_OFFSET = 0;
export const RECORD_TYPE_OFFSET = 4;

/** The type of the record that fills the end of a lane, so that no record ever wraps. */
export const PADDING_RECORD = -1;

/** A record as it lies in a lane; `docs/LAYOUTS.md` draws it. */
export const RECORD_LAYOUT: Layout = {
  name: 'record',
  title: 'Record: 8 bytes of header, then one FlatBuffer',
  lengthBytes: RECORD_HEADER_LENGTH,
  fields: [
    {
      name: 'length',
      offset: RECORD_LENGTH_OFFSET,
      lengthBytes: 4,
      note: 'bytes to the next record, header and alignment included; published by the tail',
    },
    {
      name: 'type',
      offset: RECORD_TYPE_OFFSET,
      lengthBytes: 4,
      note: 'record type, -1 = padding up to the end of the lane; published by the tail',
    },
  ],
};

/**
 * What this reader takes on. Sizes and counts in debug information are claims; each is checked against the section it
 * is in, and there is an end to what is made of them as well.
 */

/** Bytes of a compressed section after decompression. */
export const MAX_INFLATED: number = 1 << 29;

/** Bytes of one unit: link-time optimisation makes some of hundreds of megabytes. */
export const MAX_UNIT: number = 1 << 28;

/** Units of a file; a browser has some thirty thousand. */
export const MAX_UNITS: number = 1 << 20;

/** Levels of entries within entries. */
export const MAX_DEPTH = 256;

/** References that are followed from one entry to the next: origins, specifications, types of types. */
export const MAX_CHAIN = 64;

/** Attributes of one abbreviation; compilers use some twenty. */
export const MAX_ATTRIBUTES = 1024;

/** Ranges of one list. */
export const MAX_RANGES: number = 1 << 18;

/** Rows of one line number program. */
export const MAX_ROWS: number = 1 << 22;

/** Files or directories of one line number program. */
export const MAX_FILES: number = 1 << 16;

/** Enumerators, members and parameters of one type or function. */
export const MAX_MEMBERS: number = 1 << 16;

/** Units whose contents are kept; those used longest ago are read again. */
export const MAX_KEPT_UNITS = 64;

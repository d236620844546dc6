/*
 * How a fake pod fares shows in its address, so that whoever is asked at that address knows how to answer.
 */

/** Beginning of the addresses of pods whose collector answers. */
export const WELL_RANGE = "10.50.";
/** Of pods whose collector answers at first, and soon no more. */
export const FRAIL_RANGE = "10.51.";
/** Of pods whose collector has never answered well. */
export const UNWELL_RANGE = "10.52.";
/** All of them: this machine's own, in the network namespace in which the bench runs. */
export const POD_RANGES = "10.48.0.0/13";

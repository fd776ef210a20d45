const DESCRIPTOR_FORMAT = 0x72;
/** Where fixed and descriptor format have the key. @see SPC-4, "Sense data" */
const FIXED_KEY_AT = 2;
const DESCRIPTOR_KEY_AT = 1;
const ABORTED_COMMAND = 0xb;

/** The sense key; a command that ended without sense data was aborted. */
export const senseKeyOf = (sense: Uint8Array): number => {
  if (sense.length === 0) return ABORTED_COMMAND;
  const isDescriptor = (sense[0] & 0x7f) >= DESCRIPTOR_FORMAT;
  return sense[isDescriptor ? DESCRIPTOR_KEY_AT : FIXED_KEY_AT] & 0x0f;
};

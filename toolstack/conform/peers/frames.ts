/** Address of the guest's interface. */
export const GUEST_MAC = '00:16:3e:01:02:03';

const guest = [0x00, 0x16, 0x3e, 0x01, 0x02, 0x03];
const station = [0x02, 0x00, 0x00, 0x00, 0x00, 0x09];
/** An EtherType for experiments: nobody looks into such a frame. */
const ETH_P_EXPERIMENT = [0x88, 0xb5];

/** A frame of so many bytes, from the wire to the guest; no two of them have the same bytes. */
export const frameToGuest = (lengthBytes: number, seed = 0): Uint8Array =>
  fill([...guest, ...station], lengthBytes, seed);

/** The same the other way. */
export const frameFromGuest = (lengthBytes: number, seed = 0): Uint8Array =>
  fill([...station, ...guest], lengthBytes, seed);

export const sameBytes = (one: Uint8Array | undefined, other: Uint8Array): boolean =>
  one !== undefined && one.length === other.length && one.every((byte, i) => byte === other[i]);

const fill = (addresses: readonly number[], lengthBytes: number, seed: number): Uint8Array => {
  const frame = Uint8Array.from({length: lengthBytes}, (_, i) => (i * 7 + (i >> 8) * 13 + seed * 31 + 1) & 0xff);
  frame.set([...addresses, ...ETH_P_EXPERIMENT].slice(0, lengthBytes));
  return frame;
};

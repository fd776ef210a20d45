import {type Completion, IoVector, type Storage} from '../storage/index.ts';

/** Done in steps of this size, so that a large range does not hold up the host. */
const STEP_BYTES = 1 << 18;

const zeroes = {u8: new Uint8Array(STEP_BYTES)};

/** Writes zeroes over the first bytes of a range; what it returns is what Storage.write does. */
export const overwrite = (storage: Storage, position: number, length: number, completion: Completion): number => {
  const vector = new IoVector(zeroes, 1);
  vector.add(0, Math.min(length, STEP_BYTES));
  return storage.write(vector, position, completion);
};

import type {XsClient} from '../../hypervisor/xenstore/index.ts';

/** As xl prints what it cannot read. */
export const listedNumber = async (xs: XsClient, path: string): Promise<number> => {
  const text = await xs.read(path);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : -1;
};

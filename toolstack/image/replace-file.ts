import {rename, writeFile} from 'node:fs/promises';

/** Writes a file that somebody may be reading or running from: what is there stays whole until the new one is. */
export const replaceFile = async (path: string, content: Uint8Array | string): Promise<void> => {
  const draft = `${path}.new`;
  await writeFile(draft, content);
  await rename(draft, path);
};

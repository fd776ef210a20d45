const pattern = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i;

/** "00:16:3e:00:00:01" as bytes; undefined when it is no such address. */
export const parseMac = (text: string): Uint8Array | undefined =>
  pattern.test(text) ? Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16)) : undefined;

/** Another program's end of an uplink. @see QEMU's -netdev stream and -netdev dgram */
export type UplinkSpec =
  | {readonly type: 'stream'; readonly path: string}
  | {readonly type: 'listen'; readonly path: string}
  | {readonly type: 'dgram'; readonly path: string; readonly peer: string};

/** Reads "stream:PATH", "listen:PATH" or "dgram:PATH,PEER-PATH". Throws RangeError with the reason. */
export const parseUplink = (text: string): UplinkSpec => {
  const [, type, rest] = /^([a-z]+):(.+)$/.exec(text) ?? [];
  if (type === 'stream' || type === 'listen') return {type, path: rest};
  if (type === 'tap') throw new RangeError(`"${text}": Node has no call for TAP devices; join one by socat and dgram:`);
  const [path, peer, ...more] = type === 'dgram' ? rest.split(',') : [];
  if (!path || !peer || more.length > 0) {
    throw new RangeError(`"${text}" is not of the form stream:PATH, listen:PATH or dgram:PATH,PEER-PATH`);
  }
  return {type: 'dgram', path, peer};
};

export const formatUplink = (spec: UplinkSpec): string =>
  spec.type === 'dgram' ? `dgram:${spec.path},${spec.peer}` : `${spec.type}:${spec.path}`;

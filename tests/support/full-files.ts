import {type FileCalls, nodeCalls} from '../../backends/storage/index.ts';

/** Files on a disk that is full beyond so many bytes. */
export const fullBeyond = (limit: () => number): FileCalls => {
  const full = Object.assign(new Error('ENOSPC: no space left on device'), {code: 'ENOSPC', errno: -28});
  return {
    ...nodeCalls,
    writeSync: ((...args: [number, Uint8Array, number, number, number]) => {
      if (args[4] + args[3] > limit()) throw full;
      return nodeCalls.writeSync(...args);
    }) as FileCalls['writeSync'],
    writevSync: ((fd: number, views: readonly Uint8Array[], position: number) => {
      const lengthBytes = views.reduce((sum, {length}) => sum + length, 0);
      if (position + lengthBytes > limit()) throw full;
      return nodeCalls.writevSync(fd, views, position);
    }) as FileCalls['writevSync'],
    write: ((...args: [number, Buffer, number, number, number, (error: Error | null) => void]) => {
      if (args[4] + args[3] > limit()) setImmediate(() => args[5](full));
      else nodeCalls.write(...args);
    }) as unknown as FileCalls['write'],
  };
};

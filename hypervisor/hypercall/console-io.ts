import {EFAULT, EINVAL, ENOSYS} from '../errno.ts';
import {CONSOLEIO_read, CONSOLEIO_write} from '../abi/xen.ts';
import type {Hypercall} from './hypercall.ts';

/** A guest that writes more at a time gets -EINVAL. */
const MAX_WRITE_BYTES = 4096;
const BYTES_PER_UNIT_OF_WORK = 16;

/** Early messages of a guest's kernel, on the hypervisor's own console; nothing is ever read. @see xen.h, console_io */
export const consoleIo: Hypercall = ({xen, domain, guest, vcpu}, [cmd, count, address]) => {
  if (cmd === CONSOLEIO_read) return 0;
  if (cmd !== CONSOLEIO_write) return -ENOSYS;
  if (count < 0 || count > MAX_WRITE_BYTES) return -EINVAL;
  vcpu.preempt(count / BYTES_PER_UNIT_OF_WORK);
  const bytes = guest.readBytes(address, count);
  if (bytes === undefined) return -EFAULT;
  for (const line of new TextDecoder('latin1').decode(bytes).split('\n')) {
    if (line.trim() !== '') xen.log(`d${domain.id}: ${line.trimEnd()}`);
  }
  return 0;
};

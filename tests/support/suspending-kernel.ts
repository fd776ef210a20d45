import {writeFileSync} from 'node:fs';
import type {DomId} from '../../hypervisor/index.ts';
import type {XenHost} from '../../toolstack/host/host.ts';
import {elfKernel, hypercall, mov, withData} from './tiny-kernel.ts';

const FLAG = 0x180000;
const COUNT = 0x180004;
const RESULT = 0x180008;
const SHUTDOWN_suspend = 2;

const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
const jump = (from: number, to: number): number[] => [0xe9, ...u32(to - (from + 5))];

/**
 * A kernel that suspends when its flag is set, counts how often it came back, and prints on the hypervisor's console what
 * SCHEDOP_shutdown returned: 0 when it was restored, 1 when not.
 */
export const writeSuspendingKernel = (path: string): void => {
  const code = withData(new Uint8Array(u32(SHUTDOWN_suspend)), (data) => {
    // loop: mov eax, [FLAG]; test eax, eax; jz loop
    const wait = [0xa1, ...u32(FLAG), 0x85, 0xc0, 0x74, 0xf7];
    // mov dword [FLAG], 0
    const clear = [0xc7, 0x05, ...u32(FLAG), ...u32(0)];
    // add al, '0'; mov [RESULT], al; inc dword [COUNT]
    const note = [0x04, 0x30, 0xa2, ...u32(RESULT), 0xff, 0x05, ...u32(COUNT)];
    const body = [...wait, ...clear, ...hypercall(29, 2, data), ...note, ...hypercall(18, 0, 1, RESULT)];
    return [...body, ...jump(body.length, 0)];
  });
  writeFileSync(path, elfKernel(code));
};

/** A kernel that halts for ever with interrupts on: it takes no request. */
export const writeIdleKernel = (path: string): void =>
  writeFileSync(path, elfKernel([...mov({eax: 0}), 0xfb, 0xf4, 0xeb, 0xfd]));

export const suspensions = (host: XenHost, domid: DomId): number | undefined =>
  host.xen.domain(domid)?.memory.u32[COUNT / 4];

/** Takes requests of the toolstack in the kernel's place; `then` is done before it suspends. */
export const answerSuspend = (host: XenHost, domid: DomId, then: () => void = () => undefined): void => {
  const node = `/local/domain/${domid}/control/shutdown`;
  host.xs.watch(node).subscribe(() => {
    void host.xs.read(node).then(async (value) => {
      const domain = host.xen.domain(domid);
      if (value !== 'suspend' || domain === undefined) return;
      await host.xs.write(node, '');
      then();
      domain.memory.u32[FLAG / 4] = 1;
    });
  });
};

const PAGE_ENTRIES = 128;
/** Entry n of a hypercall page calls hypercall n. @see xen.h, "Hypercall page" */
const ENTRY_BYTES = 32;

const MOV_EAX = 0xb8;
const RET = 0xc3;
const VMCALL = [0x0f, 0x01, 0xc1];
const VMMCALL = [0x0f, 0x01, 0xd9];

export const fillHypercallPage = (u8: Uint8Array, address: number): void => {
  for (let number = 0; number < PAGE_ENTRIES; number++) {
    u8.set([MOV_EAX, number, 0, 0, 0, ...VMCALL, RET], address + number * ENTRY_BYTES);
  }
};

export const isHypercallInstruction = (u8: Uint8Array, address: number): boolean =>
  [VMCALL, VMMCALL].some((opcode) => opcode.every((byte, i) => u8[address + i] === byte));

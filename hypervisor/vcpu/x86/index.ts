export {type AcpiTable, type HvmHardware, hvmTables, pvhTables} from './acpi/index.ts';
export {LINUX_PROTOCOL, PVH_PROTOCOL, X86Core} from './core.ts';
export {patchCore, UnknownCoreError} from './patch.ts';
export {attachPc} from './pc.ts';
export {contextFault} from './snapshot.ts';
export {X86Vcpu} from './x86-vcpu.ts';

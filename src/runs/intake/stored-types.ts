import type { Finding } from '../outcome.js';
import { broken, quotedList } from './findings.js';
import type { Tensor } from './safetensors.js';

/** What the floating-point types of the format are called in a task. */
const NAMES = { F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/** Refuses weights in a floating-point type that the task does not take, a sentence for each such type. */
export function checkStoredTypes(tensors: readonly Tensor[], accepted: readonly string[]): Finding[] {
  return Object.entries(NAMES).flatMap(([dtype, name]) => {
    const found = tensors.filter(tensor => tensor.dtype === dtype);
    if (found.length === 0 || accepted.includes(name)) return [];
    const shown = quotedList(found.map(tensor => tensor.name));
    const message = `${found.length} of ${tensors.length} tensors are stored as ${name} (${shown}), the task takes ${accepted.join(' or ')}. Save the model with model.to(torch.${accepted[0]}).save_pretrained(folder).`;
    return [broken('tensors', message)];
  });
}

import { quoted } from '../../runs/intake/findings.js';
import { readJsonObject } from '../../runs/intake/read-json.js';
import type { Finding } from '../../runs/outcome.js';

const MAX_CONFIG_BYTES = 1_000_000;

/** Whether the architecture that `config.json` names is one of those that a task approves. */
export async function checkApprovedBase(folder: string, approved: readonly string[]): Promise<Finding[]> {
  const config = await readJsonObject(folder, 'config.json', MAX_CONFIG_BYTES);
  const type = config.ok ? config.value.model_type : undefined;
  if (typeof type === 'string' && approved.includes(type)) return [];
  const found = typeof type === 'string' ? quoted(type) : 'none';
  return [
    {
      rule: 'approved_base',
      severity: 'broken',
      message: `config.json has the model type ${found}, which is not among the base models that the task approves: ${approved.join(', ')}. Hand in a model made from one of those.`,
      evidence: [`config.json: model_type ${found}`],
    },
  ];
}

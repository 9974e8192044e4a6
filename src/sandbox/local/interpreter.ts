import { z } from 'zod';
import { ConfigError } from '../../errors.js';

/** What a Python interpreter says about itself. */
export const Interpreter = z.object({
  base: z.string().describe('absolute path of the interpreter below any virtual environment'),
  version: z.tuple([z.number(), z.number(), z.number()]),
  site_packages: z.array(z.string()),
});
export type Interpreter = Readonly<z.infer<typeof Interpreter>>;

const ASK = `import json, site, sys
print(json.dumps({
    "base": getattr(sys, "_base_executable", None) or sys.executable,
    "version": sys.version_info[:3],
    "site_packages": site.getsitepackages(),
}))`;

/**
 * Asks an interpreter (a path, or a name on this process's PATH) where it lies and what it can import.
 * @throws ConfigError if it does not run or is older than 3.8.
 */
export async function askInterpreter(python: string): Promise<Interpreter> {
  const { execa } = await import('execa'); // a tenth of a second that the handshake need not wait for
  const { stdout } = await execa(python, ['-I', '-c', ASK], { timeout: 60_000, stdin: 'ignore' }).catch(
    (error: unknown) => {
      throw unusablePython(python, error);
    },
  );
  const parsed = Interpreter.safeParse(parseJson(stdout));
  if (!parsed.success) throw unusablePython(python, parsed.error);
  const [major, minor] = parsed.data.version;
  if (major !== 3 || minor < 8) throw unusablePython(python);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unusablePython(python: string, cause?: unknown): ConfigError {
  return new ConfigError(`${python} is not a Python of version 3.8 or newer that runs. Run \`mlrb setup\`.`, {
    cause,
  });
}

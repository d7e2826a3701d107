/**
 * How this repository's programs are bundled: ES modules for Node 20 and later, everything inside.
 * The banner gives bundled CommonJS packages the `require` they expect.
 */
export const esbuildOptions = {
  target: 'node20',
  mainFields: ['module', 'main'],
  banner:
    "import{createRequire as __createRequire}from'node:module';" +
    'const require=__createRequire(import.meta.url);',
} as const;

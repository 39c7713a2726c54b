import type { Plugin } from "esbuild";

/** Modules that the child brings itself, by the specifiers authors write. One copy serves a file, its packages and the runner. */
export const providedModules: Readonly<Record<string, string>> = {
  airloom: "airloom",
  "airloom/operators": "airloom/operators",
  zod: "zod",
  "zod/v4": "zod",
};

/** Where the child keeps them: an object from specifier to module namespace. */
const registry = `globalThis[Symbol.for("airloom.modules")]`;

export const providedModule = (specifier: string): string => `${registry}[${JSON.stringify(specifier)}]`;

const namespaces = { import: "airloom-import", require: "airloom-require" } as const;
const bridge = "airloom-bridge:";

/**
 * Resolves an import to a namespace object that exists at run time, whose names are not known while bundling.
 * @param expression JavaScript that gives the object.
 */
export const shimFor = (expression: string, kind: string): { path: string; namespace: string } => ({
  path: expression,
  namespace: kind === "require-call" ? namespaces.require : namespaces.import,
});

/**
 * Loads what `shimFor` resolved to. esbuild binds the names of an import at run time when they come through CommonJS;
 * the default export goes beside it, because CommonJS would give the whole namespace.
 */
export const shimPlugin: Plugin = {
  name: "airloom-shims",
  setup(build) {
    build.onResolve({ filter: /^airloom-bridge:/ }, ({ path }) => ({
      path: path.slice(bridge.length),
      namespace: namespaces.require,
    }));
    build.onLoad({ filter: /.*/, namespace: namespaces.import }, ({ path }) => ({
      contents: `export * from ${JSON.stringify(bridge + path)};\nexport default (${path}).default;`,
    }));
    build.onLoad({ filter: /.*/, namespace: namespaces.require }, ({ path }) => ({
      contents: `module.exports = ${path};`,
    }));
  },
};

import { defineConfig } from "vite";

/** `vite build` makes the page; `vite build --mode file` the player for files of their own. */
export default defineConfig(({ mode }) => ({
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    ...(mode === "file" && {
      outDir: "dist/file",
      cssCodeSplit: false,
      lib: {
        entry: "src/file.ts",
        formats: ["iife"],
        name: "remocapFile",
        fileName: () => "player.js",
        cssFileName: "player",
      },
    }),
  },
}));

/** What draws: a graphics card, or the processor in its place. */

const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;

/** Whether pictures are drawn by the processor, so that less must do. */
export function drawsInSoftware(): boolean {
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) return true;
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const name = info && context.getParameter(info.UNMASKED_RENDERER_WEBGL);
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return SOFTWARE.test(String(name));
}

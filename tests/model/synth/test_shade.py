import numpy as np
import torch

from model.shading import linear_to_srgb as numpy_linear_to_srgb
from model.synth.outfit import Material
from model.synth.paint import Looks
from model.synth.shade import Cloth, Light, draw_cloth, draw_light, linear_to_srgb, shade

TOWARDS = torch.tensor([[0.0, 0, -1]])  # the camera


def skin(normal: torch.Tensor = TOWARDS) -> tuple[torch.Tensor, ...]:
    """Part, normal, place and owner of one pixel."""
    one = torch.ones(1, dtype=torch.int64)
    return one, normal, torch.zeros(1, 3), one - 1


def looks(rgb: float, material: Material = Material.SKIN, n: int = 1) -> Looks:
    return Looks(
        torch.zeros(n, 29, 3),
        torch.ones(n, 29, 2),
        torch.full((n, 29, 3), int(material)),
        torch.full((n, 7, 3), rgb),
        torch.zeros(n, 4, 3),
    )


def front_light(key: float, ambient: float) -> Light:
    return Light(
        torch.tensor([[0.0, 0, -1]]),
        torch.full((1, 3), key),
        torch.full((1, 3), ambient),
        torch.zeros(1),
    )


def plain_cloth(share: float = 0.0) -> Cloth:
    texture = torch.zeros(1, 3, 8, 8)
    return Cloth(
        texture, torch.ones(1), torch.full((1, 7), share), torch.ones(1, 4, 3), torch.zeros(1)
    )


def test_a_surface_that_faces_the_light_has_its_own_colour() -> None:
    rgb = shade(*skin(), looks(0.3), front_light(0.75, 0.25), plain_cloth())

    torch.testing.assert_close(rgb, linear_to_srgb(torch.full((1, 3), 0.3)))


def test_what_turns_away_gets_ambient_light_alone() -> None:
    rgb = shade(*skin(-TOWARDS), looks(0.5), front_light(9.0, 0.5), plain_cloth())

    torch.testing.assert_close(rgb, linear_to_srgb(torch.full((1, 3), 0.25)))


def test_texture_shows_on_the_materials_it_is_for() -> None:
    cloth = plain_cloth()
    cloth.share[:, Material.SHIRT] = 1.0  # black all over

    shirt, bare = (
        shade(*skin(), looks(0.5, worn), front_light(1.0, 0.0), cloth)[0, 0]
        for worn in (Material.SHIRT, Material.SKIN)
    )

    assert shirt == 0
    assert bare > 0.5


def test_many_people_are_shaded_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    lights = [draw_light(rng) for _ in range(3)]
    cloths = [draw_cloth(rng, torch.rand(3, 8, 8)) for _ in range(3)]
    worn = looks(0.4, Material.SHIRT, 3)
    owner = torch.arange(12) % 3
    part, rest_m = torch.ones(12, dtype=torch.int64), torch.rand(12, 3)
    normal = torch.nn.functional.normalize(torch.randn(12, 3))
    together = shade(
        part,
        normal,
        rest_m,
        owner,
        worn,
        Light(*(torch.cat(x) for x in zip(*lights, strict=True))),
        Cloth(*(torch.cat(x) for x in zip(*cloths, strict=True))),
    )

    for i in range(12):
        pixel = part[i, None], normal[i, None], rest_m[i, None], torch.zeros_like(owner[:1])
        who = int(owner[i])
        one = Looks(*(x[who : who + 1] for x in worn))
        alone = shade(*pixel, one, lights[who], cloths[who])
        torch.testing.assert_close(together[i : i + 1], alone)


def test_encoding_is_that_of_numpy() -> None:
    linear = np.linspace(-0.1, 1.2, 100, dtype=np.float32)

    encoded = linear_to_srgb(torch.from_numpy(linear))

    np.testing.assert_allclose(encoded.numpy(), numpy_linear_to_srgb(linear), atol=1e-6)

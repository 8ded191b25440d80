import numpy as np
import torch

from model.shading import linear_to_srgb as numpy_linear_to_srgb
from model.synth.outfit import Material
from model.synth.paint import Looks
from model.synth.shade import Cloth, Light, draw_cloth, draw_light, linear_to_srgb, shade


def flat_scene(n: int = 1) -> tuple[torch.Tensor, ...]:
    """Part, normal and place: the left half is skin that faces the camera, the right is nobody."""
    part = torch.zeros(n, 4, 8, dtype=torch.int64)
    part[..., :4] = 1
    normal = torch.tensor([0.0, 0, -1]).expand(n, 4, 8, 3)
    return part, normal, torch.zeros(n, 4, 8, 3)


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
    rgba = shade(*flat_scene(), looks(0.3), front_light(0.75, 0.25), plain_cloth())

    expected = linear_to_srgb(torch.tensor(0.3))
    torch.testing.assert_close(rgba[0, :3, :, :4], expected.expand(3, 4, 4))


def test_nobody_is_transparent() -> None:
    rgba = shade(*flat_scene(), looks(0.3), front_light(1.0, 0.0), plain_cloth())

    assert (rgba[0, 3, :, :4] == 1).all()
    assert not rgba[..., 4:].any()


def test_what_turns_away_gets_ambient_light_alone() -> None:
    part, normal, rest_m = flat_scene()

    rgba = shade(part, -normal, rest_m, looks(0.5), front_light(9.0, 0.5), plain_cloth())

    torch.testing.assert_close(rgba[0, 0, 0, 0], linear_to_srgb(torch.tensor(0.25)))


def test_texture_shows_on_the_materials_it_is_for() -> None:
    cloth = plain_cloth()
    cloth.share[:, Material.SHIRT] = 1.0  # black all over

    shirt, skin = (
        shade(*flat_scene(), looks(0.5, worn), front_light(1.0, 0.0), cloth)[0, 0, 0, 0]
        for worn in (Material.SHIRT, Material.SKIN)
    )

    assert shirt == 0
    assert skin > 0.5


def test_a_batch_is_shaded_as_its_pictures_one_by_one() -> None:
    rng = np.random.default_rng(0)
    lights = [draw_light(rng) for _ in range(3)]
    cloths = [draw_cloth(rng, torch.rand(3, 8, 8)) for _ in range(3)]
    part, normal, rest_m = flat_scene(3)
    rest_m = rest_m + torch.linspace(0, 0.3, 8)[:, None]
    worn = looks(0.4, Material.SHIRT, 3)
    together = shade(
        part,
        normal,
        rest_m,
        worn,
        Light(*(torch.cat(x) for x in zip(*lights, strict=True))),
        Cloth(*(torch.cat(x) for x in zip(*cloths, strict=True))),
    )

    for i in range(3):
        one = Looks(*(x[i : i + 1] for x in worn))
        alone = shade(part[i, None], normal[i, None], rest_m[i, None], one, lights[i], cloths[i])
        torch.testing.assert_close(together[i : i + 1], alone)


def test_encoding_is_that_of_numpy() -> None:
    linear = np.linspace(-0.1, 1.2, 100, dtype=np.float32)

    encoded = linear_to_srgb(torch.from_numpy(linear))

    np.testing.assert_allclose(encoded.numpy(), numpy_linear_to_srgb(linear), atol=1e-6)

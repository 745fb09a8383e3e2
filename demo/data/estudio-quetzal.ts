import type { Catalogue } from './catalogue.ts'

/** An agency; prices in dollars without IVA, costs are those of freelancers and licences. */
export const ESTUDIO_QUETZAL_CATALOGUE: Catalogue = {
  suppliers: [
    {
      name: 'Imprenta Litográfica Peña',
      email: 'taller@litopena.example',
      phone: '+502 2288 1030',
      taxId: '3304471-5',
      leadTimeDays: 7,
    },
  ],
  categories: [
    {
      name: 'Diseño',
      code: 'DIS',
      supplier: null,
      stocked: false,
      products: [
        ['Identidad visual', '2400.00', '780.00', 2],
        ['Diseño de empaque', '950.00', '310.00', 4],
        ['Catálogo digital', '680.00', '220.00', 5],
        ['Diseño por hora', '45.00', '18.00', 14, { byWeight: true }],
        ['Sesión fotográfica', '520.00', '260.00', 4],
        ['Ilustración editorial', '340.00', '150.00', 3],
      ],
    },
    {
      name: 'Web y software',
      code: 'WEB',
      supplier: null,
      stocked: false,
      products: [
        ['Tienda en línea', '3800.00', '1350.00', 1.2],
        ['Página de aterrizaje', '890.00', '280.00', 4],
        ['Desarrollo por hora', '60.00', '26.00', 16, { byWeight: true }],
        ['Mantenimiento mensual', '220.00', '60.00', 15],
        ['Alojamiento anual', '180.00', '84.00', 5],
        ['Auditoría de accesibilidad', '740.00', '210.00', 2],
        ['Integración de pagos', '1200.00', '430.00', 1.5],
      ],
    },
    {
      name: 'Mercadeo',
      code: 'MER',
      supplier: null,
      stocked: false,
      products: [
        ['Gestión de redes (mes)', '480.00', '170.00', 12],
        ['Campaña de temporada', '1500.00', '560.00', 3],
        ['Boletín mensual', '160.00', '45.00', 8],
        ['Video corto para redes', '290.00', '130.00', 7],
        ['Estudio de marca', '1100.00', '370.00', 2, { fate: 'retired' }],
      ],
    },
    {
      name: 'Impresos',
      code: 'IMP',
      supplier: 'Imprenta Litográfica Peña',
      stocked: true,
      products: [
        ['Tarjetas de presentación (100)', '38.00', '17.00', 6],
        ['Afiche A2 (10)', '64.00', '33.00', 3],
        ['Calendario de señas', '12.00', '5.40', 2, { fate: 'dead' }],
      ],
    },
  ],
}

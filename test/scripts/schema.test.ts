import { expect, it } from 'vitest'
import { tidy } from '../../scripts/schema.ts'

const SCHEMA = `
--
-- Name: location; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.location (
    business_id uuid NOT NULL
);


ALTER TABLE ONLY public.location FORCE ROW LEVEL SECURITY;


--
-- Name: location location_business_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.location
    ADD CONSTRAINT location_business_id_fkey FOREIGN KEY (business_id) REFERENCES public.business(id);
`
const OLD = `--
-- PostgreSQL database dump
--

\\restrict glpx0UaGv28nLf9snm27T9TWC0Ux59HyhTW6lkIwSdpRraZsRGbnLNlwohjomFF

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;
${SCHEMA}

--
-- PostgreSQL database dump complete
--

\\unrestrict glpx0UaGv28nLf9snm27T9TWC0Ux59HyhTW6lkIwSdpRraZsRGbnLNlwohjomFF

`
const NEW = `--
-- PostgreSQL database dump
--

-- Dumped from database version 18.3
-- Dumped by pg_dump version 18.3

SET statement_timeout = 0;
SET transaction_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;
${SCHEMA}

--
-- PostgreSQL database dump complete
--
`

it('the schema is the same, whichever version dumped it', () => {
  expect(tidy(NEW)).toBe(`CREATE TABLE location (
    business_id uuid NOT NULL
);

ALTER TABLE ONLY location FORCE ROW LEVEL SECURITY;

ALTER TABLE ONLY location
    ADD CONSTRAINT location_business_id_fkey FOREIGN KEY (business_id) REFERENCES business(id);`)
  expect(tidy(OLD)).toBe(tidy(NEW))
})

it('generated functions appear without their body', () => {
  const functionOf = (name: string) => `CREATE FUNCTION public.${name}(target uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
begin
  perform 1;
end
$$;`
  const [head] = functionOf('x').split('$$')
  for (const name of ['check_rollups', 'orders_rollup_insert']) {
    expect(tidy(functionOf(name))).toBe(`${head?.replace('public.x', name)}$$ … $$;`)
  }
  expect(tidy(functionOf('rollups_follow_timezone'))).toContain('perform 1')
})

package patchbay;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;

/** Camunda's connector runtime, with the connectors that are on the class path. */
@EnableAutoConfiguration
public class Connectors {
  public static void main(String[] args) {
    SpringApplication.run(Connectors.class, args);
  }
}

import java.lang.reflect.Method;

/** Runs the in-memory engine of Zeebe until the process is ended. Reflection, because its classes are newer than old compilers. */
public final class Gateway {
  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    Class<?> factory = Class.forName("io.camunda.zeebe.process.test.engine.EngineFactory");
    Object engine = factory.getMethod("create", int.class).invoke(null, port);
    Method start = Class.forName("io.camunda.zeebe.process.test.api.ZeebeTestEngine").getMethod("start");
    start.invoke(engine);
    System.out.println("READY 127.0.0.1:" + port);
    Thread.currentThread().join();
  }
}
